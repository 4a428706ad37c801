"""How times moved over the runs that pytest-benchmark saved: series, change points, the largest movements, a page."""
