"""The command line: asks the HTTP API, prints answers, and starts processes.

Never here: a row, a decision, an adapter. Standard output holds what was asked for, standard error everything else;
with `--json` standard output is one JSON document. Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 the
controller can't be reached. `--help` must stay quick: a verb imports what it needs when it runs.
To add a verb: a function in the file of its kind, one line in `main.py`. Other packages add theirs by an entry point
in the group `tidegate.commands`.
"""
