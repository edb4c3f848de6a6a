"""Tidegate's controller: rooms from the doors down to the nouns.

Imports point downwards only:

    app                                         the one file that knows every concrete class
    dashboard | api | cli | webhooks            doors: read rows, leave notes
    loop | inbox                                the only doer; what outsiders may leave for it
    adapters | notifiers | store | choose, decide    vendors; messages; rows; what to do next
    obey                                        what becomes of a person's order
    progress | homeward                         what one step asks for next; the plan for turning back
    plan                                        the list of steps from what is live to what should be
    gates | strategies | analysis               may it start; how traffic moves; is it as good as it should be
    domain                                      the nouns: pure values

Rooms on one level do not know each other. Everything from `choose` and `decide` downwards is pure:
no I/O, no clock, no logging. The rule is checked by the import contracts in `.importlinter`.
"""
