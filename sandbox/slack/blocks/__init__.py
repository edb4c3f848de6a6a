"""Block Kit: what Slack takes, and how it says what is wrong. Pure; `check` holds values against `rules`."""
