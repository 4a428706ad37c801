"""An adapter with a device besides the CPU, and no name of its own."""

from normcheck.adapters.interface import Adapter as Base


class Adapter(Base):
    def devices(self):
        return ("cpu", "toy:0", "toy:1")
