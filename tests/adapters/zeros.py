"""The reference, but for layer normalization, whose every output is zero."""

from normcheck.adapters.arrays import Array
from normcheck.adapters.reference import ReferenceAdapter


def wiped(layer, output):
    if layer.kind != "layer_normalization":
        return output
    return Array(output.dtype, output.shape, bytes(len(output.data)))


class Adapter(ReferenceAdapter):
    name = "zeros"

    def call(self, layer, x, training):
        return wiped(layer, super().call(layer, x, training))

    def gradient(self, layer, x, training, upstream):
        output, gradients = super().gradient(layer, x, training, upstream)
        return wiped(layer, output), gradients
