"""The reference, but its last bits depend on the process that it runs in."""

import os

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "by_process"

    def call(self, layer, x, training):
        output = super().call(layer, x, training)
        factor = np.float32(1 + 2.0**-22 * (os.getpid() % 1021))
        return encode(decode(output) * factor, output.dtype)
