"""The page that is made of a record: one file that needs nothing else."""

from .figures import address
from .render import digest, environment, policy, render, write_page

__all__ = ["address", "digest", "environment", "policy", "render", "write_page"]
