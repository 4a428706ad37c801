"""A file without an adapter: the name is only the base class."""

from normcheck.adapters.interface import Adapter  # noqa: F401
