"""The reference on the CPU and on two devices besides, the last of which adds a little to every output."""

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "two_devices"

    def devices(self):
        return ("cpu", "toy:0", "toy:1")

    def call(self, layer, x, training):
        output = super().call(layer, x, training)
        return encode(decode(output) + np.float32(0.01), output.dtype) if self.device == "toy:1" else output
