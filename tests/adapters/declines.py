"""An adapter that says at its start that it cannot be had here."""

from normcheck.adapters.interface import Adapter as Base
from normcheck.adapters.interface import Unsupported


class Adapter(Base):
    def start(self):
        raise Unsupported("there is no such accelerator in this machine")
