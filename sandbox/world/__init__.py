"""An AWS in one process: what the APIs would answer, and what would happen afterwards.

Here is the whole behaviour of the vendors, deterministic to the last id: same seed, same calls, same clock,
same answers. Never here: sockets, threads, asyncio, wall clocks, randomness without the seed, boto3 or
botocore. Whatever happens later is a clock callback; whatever is outside is a port (`ports.py`).

Every call passes `World.call`, which is where faults strike and where the log is written. To add a service,
write one module with its `Store` and its `Operations` (in `small/` while one file is enough) and name it in
`services.py`; the wire is made from botocore's models and needs nothing.
"""
