"""Results of closed rounds: the table, and one item in full."""
