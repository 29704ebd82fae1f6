"""The protocol that a study goes by."""
