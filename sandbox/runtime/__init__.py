"""Runtimes: what a task is, once the world has decided to start one.

Each module is one implementation of `sandbox.world.ports.Runtime`. A runtime starts, stops and asks tasks,
and reports what happened to them; it never decides what should run, and it knows nothing of services,
deployments or rules. To add one, implement the port in a new module and run the shared rollout test
against it.
"""
