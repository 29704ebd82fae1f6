"""What may be asked and answered: pure rules, no web, no database, no clock."""
