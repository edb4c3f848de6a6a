"""The only room where decisions meet effects: one pass per environment, lease → observe → choose, decide → record →
apply.

Never here: vendor words (they end in `adapters`), a judgement (they are in `choose`, `decide`, `progress`, `gates`).
To add evidence: a member of `Evidence`, a branch in `observe.py`. To add an effect: an action in `domain/actions.py`, a
line in `apply.py`, an answer in `progress/` that asks for it.
"""
