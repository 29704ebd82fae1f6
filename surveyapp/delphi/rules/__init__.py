"""The small language of rules: expressions over named measures, compared exactly."""
