"""Files of other programs: what people bring along, read into rows."""
