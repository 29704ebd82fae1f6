"""Taking a study's data home."""
