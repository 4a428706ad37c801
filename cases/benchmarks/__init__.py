"""What is timed: the benchmarks of the specs made concrete, asked of targets, and judged before they are timed."""
