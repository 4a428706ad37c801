"""What was found: the record of a run, and everything made from records alone."""
