"""Who works on a study, and what it promises about names."""
