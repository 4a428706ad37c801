"""The reference under PyTorch's names for its weights, with which it deals right."""

from dataclasses import replace

from normcheck.adapters.reference import ReferenceAdapter

NAMES = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
OWN = {theirs: own for own, theirs in NAMES.items()}


class Adapter(ReferenceAdapter):
    name = "torch_speaker"
    dialect = "torch"

    def weights(self, layer):
        return [replace(weight, name=NAMES.get(weight.name, weight.name)) for weight in super().weights(layer)]

    def assign(self, layer, values):
        super().assign(layer, {OWN.get(name, name): value for name, value in values.items()})

    def gradient(self, layer, x, training, upstream):
        output, found = super().gradient(layer, x, training, upstream)
        return output, {NAMES.get(name, name): value for name, value in found.items()}
