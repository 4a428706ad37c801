"""A case as a script for the framework alone: what is made, what is given, what comes out."""
