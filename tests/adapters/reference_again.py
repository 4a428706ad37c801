"""The reference under another name."""

from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "reference-again"
