"""Changes of the controller's tables, one numbered file each in `versions/`; the rules are in README.md.

Never here: anything that the running program imports. `controller/store/schema.py` finds this package and runs it.
"""
