"""A new study: its questionnaire and its name."""
