"""The balancer: real sockets in front of real tasks, routed by the world's rules.

Here requests are parsed (by httptools), routed, carried, counted. Never here: what a target's health is,
which rules exist, how long draining lasts; the world decides that, and `TrafficView` says it. Routing and
heads are pure; only `proxy`, `client`, `upstream` and `exchange` touch a socket.

To honour one more kind of condition, add it to `routing.CONDITIONS`; one more kind of action is a branch in
`Exchange.begin`.
"""
