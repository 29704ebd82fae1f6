"""Pages and doors: what comes in over HTTP, and what goes out."""
