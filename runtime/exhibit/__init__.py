"""The keeper of a show that nobody looks after."""
