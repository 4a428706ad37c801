"""What changed between two records: pairs of targets, differences, their causes, and how they are shown."""
