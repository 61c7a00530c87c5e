"""The commands and their tables. Nobody imports this room."""
