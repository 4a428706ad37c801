"""An adapter that offers no layer at all."""

from normcheck.adapters.interface import Adapter as Base


class Adapter(Base):
    name = "refuses"
