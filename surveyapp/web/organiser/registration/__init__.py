"""The public link of a study, and the requests that come in by it."""
