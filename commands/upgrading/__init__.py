"""What an upgrade is made of: the two environments, what is judged in them, the run, the files."""
