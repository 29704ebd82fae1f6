"""Who is on the panel, and how people come onto it."""
