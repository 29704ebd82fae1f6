"""A new study: its questionnaire and its name; and what it is called later."""
