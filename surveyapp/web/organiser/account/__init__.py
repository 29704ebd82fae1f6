"""The organiser's own account: signing in and out."""
