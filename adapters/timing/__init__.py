"""How long a call takes, measured inside the target's own process, where no transport is in the figure."""
