"""The reference, right in every answer, but it leaves zeros in its input."""

from normcheck.adapters.reference import ReferenceAdapter


def wipe(array):
    object.__setattr__(array, "data", bytes(len(array.data)))


class Adapter(ReferenceAdapter):
    name = "overwrites"

    def call(self, layer, x, training):
        output = super().call(layer, x, training)
        wipe(x)
        return output

    def gradient(self, layer, x, training, upstream):
        answer = super().gradient(layer, x, training, upstream)
        wipe(x)
        return answer
