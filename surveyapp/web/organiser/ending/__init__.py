"""The end of a study: put away, brought back, deleted."""
