"""Answers to counts: one query, one result shape, wherever the answers are."""
