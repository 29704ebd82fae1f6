"""The custodian's look-up of names."""
