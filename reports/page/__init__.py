"""The page that is made of a record: one file that needs nothing else."""

from .render import digest, environment, policy, render, write_page

__all__ = ["digest", "environment", "policy", "render", "write_page"]
