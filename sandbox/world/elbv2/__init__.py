"""Elastic Load Balancing v2: balancers, listeners, rules, target groups, and the health of targets.

Here is what the API shows and how a target's state moves; requests themselves are carried elsewhere, by
whoever reads `traffic.py`. Nothing here knows what ECS is: a target that changes is reported through the
world. To add an operation, put it in the module of the thing that it is about.
"""
