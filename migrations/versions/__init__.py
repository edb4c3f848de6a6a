"""One file a migration, numbered, in one line; nothing here is imported by the program."""
