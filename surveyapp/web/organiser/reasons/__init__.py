"""The bench on which organisers and moderators read, redact, code and sum up what experts wrote."""
