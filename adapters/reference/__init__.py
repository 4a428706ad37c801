"""The reference implementation: the textbook in NumPy, judged like every other."""

from .adapter import ReferenceAdapter as ReferenceAdapter
