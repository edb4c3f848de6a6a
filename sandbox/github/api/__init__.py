"""The REST API: one file for one subject, each with its handlers and a list `ROUTES`.

A handler is a plain function from a `Call` to what it answers (JSON, or a `Reply`, or a `Page` of a list);
it runs on the desk's worker thread and raises `ApiError` for every other outcome. Reading requests, tokens,
paging, ETags and errors is done once, in `frame.py`.
"""
