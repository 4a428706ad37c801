"""The reference, which exports a layer and warns at every call, in words that differ from process to process."""

import os
import warnings
from collections import OrderedDict

from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.signatures import Meaning, export, parameters

NOTHING = object()


def layer(axis, /, *rest, epsilon=1e-3, make=OrderedDict.fromkeys, of=NOTHING, **options):
    """What it exports."""


class Adapter(ReferenceAdapter):
    name = "tells"

    def exports(self):
        known = {"layer": Meaning("layer_normalization", {"axis": "axis"})}
        return [export("toy.layer", parameters(layer), known), export("toy.dict", parameters(dict), known)]

    def call(self, layer, x, training):
        text = f"layer_{os.getpid()} at {hex(id(layer))} is old: see {__file__}, line 3"
        warnings.warn(text, DeprecationWarning, stacklevel=1)
        return super().call(layer, x, training)
