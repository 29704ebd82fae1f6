"""All studies, and how one of them goes."""
