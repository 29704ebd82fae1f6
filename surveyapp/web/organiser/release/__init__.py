"""Releasing a closed round to its panel."""
