"""AWS services of which little is needed: one file each, its store and its operations together.

A service that outgrows one file becomes a room beside `ecs` and `elbv2`. To add one, write the module and
name it in `sandbox.world.services`; only operations that somebody calls are worth answering.
"""
