"""What no document says and only a real account can tell: questions, and a command that asks them.

Each question is a `Probe` with what the sandbox answers to it; `tests/oracles/test_probe.py` asks the sandbox all of
them, so that a probe that cannot run, or a sandbox that changed its mind, is noticed without an account. Everything
that a probe makes goes through the `Stage`, which tags it and takes it away again, also after Ctrl-C.

To add one: a function with `@asks` in the module of its service.
"""
