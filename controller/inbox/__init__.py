"""What outsiders may leave for the loop: deliveries from senders, orders from people.

Done here: check what can be checked against the rows, store it durably, wake the loop.
Never here: acting on it, a call to anybody, a look at AWS or GitHub. What is stored is found again without the wake-up.
To add something that can be left: its noun in `domain`, its table in `store`, a class here with one verb.
"""
