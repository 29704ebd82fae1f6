"""What experts say of one another's reasons, as those see it who read replies before others do."""
