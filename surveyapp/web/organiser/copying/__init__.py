"""A study once more, under another name."""
