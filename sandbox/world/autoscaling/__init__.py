"""Application Auto Scaling of ECS services: it really moves how many tasks they want.

Bounds hold at once, policies act by CloudWatch's alarms, scheduled actions by the world's clock. To add an operation: a
handler beside those of its kind; the names of resources, dimensions and errors are in `model.py`.
"""
