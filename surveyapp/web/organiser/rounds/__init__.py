"""Running rounds: the strip of rounds, and what can be done with each."""
