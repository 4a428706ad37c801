"""A reference that ends its process when it is waited for, which only a stopwatch does."""

import os

from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "exits-when-timed"

    def wait(self, result):
        os._exit(3)
