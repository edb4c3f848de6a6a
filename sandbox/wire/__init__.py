"""How boto3, the AWS CLI and any SDK speak with the world.

Here requests become calls and answers become bytes, all of it read off botocore's service models: no operation
is named in this room. Three ways in: HTTP (`server`), a client's calls answered before they are serialized, or
its wire bytes answered before they reach a socket (`inprocess`). Each answer is checked against the model's
output shape first; one that does not fit is a bug of the world and raises.

To add a protocol, write a module with `parse`, `answer` and `error`, and name it in `exchange.PROTOCOLS`.
"""
