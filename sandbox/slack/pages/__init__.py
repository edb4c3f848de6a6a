"""The pages that people look at: server-rendered, in `templates/`, with `static/slack.css` and a small script that only
refreshes. A GET changes nothing; every form carries a guard that belongs to the browser's session."""
