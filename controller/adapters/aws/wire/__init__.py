"""Requests built from our values, replies read into them; the page of AWS's documentation above each.

Pure: no client, no clock, no permission asked. A reply is read for what Tidegate needs and nothing more.
"""
