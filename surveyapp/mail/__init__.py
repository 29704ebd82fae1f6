"""Letters and the links in them."""
