"""What is fast, how it is measured, and what was measured last."""
