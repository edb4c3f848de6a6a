"""One bare repository: objects, refs, history, differences, merges, and the smart HTTP protocol.

Done here: git, by dulwich, in git's own words. Never here: pull requests, people, webhooks or JSON.
"""
