"""Slack by its Web API: messages, direct messages, forms; and whether a request is really Slack's.

Never here: what is worth telling, or who may answer. Slack's words (blocks, mrkdwn, `ok: false`) end in this room.
"""
