"""Letters to those who sign in: links that work once, and notices of what changed about their account."""
