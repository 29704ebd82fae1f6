"""What becomes of items after a closed round."""
