"""The protocol of a study: what is asked again and of whom, what consensus is, what is shown."""
