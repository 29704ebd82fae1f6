"""The study's jobs in the queue."""
