"""The nouns: frozen values and the rules that hold between them.

Never here: I/O, the clock, logging, rows, vendor words. A function that needs the time takes `now` (aware UTC).
To add a noun: one file named for it; if it is stored, it must survive `TypeAdapter(...).dump_json` and back.
"""
