"""The sandbox: an AWS, a GitHub and a Slack on a laptop, for `make up` and for tests.

Here is only what stands in for vendors. Nothing in `controller`, `webhooks` or `workload` imports it; the
controller reaches it over the wire like the real thing. Only loopback addresses are ever bound.

Inside, dependencies point downwards: `run` and `commands` assemble; `wire`, `balancer` and `runtime` know
`world`; `world` knows only `clock` and its own ports. To add a vendor, add a room beside `world` and start
it in `run`.
"""
