"""Files that are whole or not there, caches, and pictures that carry their settings."""
