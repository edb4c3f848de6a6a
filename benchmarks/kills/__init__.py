"""Real kills: `make kills` strikes real controllers down amid real rollouts, under load, and judges the end.

The sandbox runs with a witness at its door (`witness.py`): whenever a controller changes something, it writes down who
asked, what the rows said at that moment, and what AWS looks like afterwards. Teams merge good and bad versions and
abort some of them (`teams.py`), somebody kills or stops a controller at a seeded moment (`aims.py`, `strikes.py`), and
`judge.py` compares what was done with what was written down. Never here: anything that makes a controller wait less
than it does for a user.
"""
