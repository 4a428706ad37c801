"""From what a target was seen to do to findings: pure functions."""
