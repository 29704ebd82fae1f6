"""Verbs in a study's life: load, lock, decide, write, commit."""
