"""Who runs it: one file per framework, each target in a process of its own."""
