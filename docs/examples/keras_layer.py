"""The layers that documents 001 and 002 write out, one after the other; normcheck has them as targets of their own.

$ pytest --pyargs normcheck.cases --target docs/examples/keras_layer.py --layer layer_normalization
$ pytest --pyargs normcheck.cases --target docs/examples/keras_layer.py:Second --layer layer_normalization
"""

from normcheck.adapters.keras import KerasAdapter, document_001, document_002


class Adapter(KerasAdapter):
    name = "my-keras-layer"
    modes = ("eager",)
    layers = {"layer_normalization": lambda a: document_001.layer_class()(**a.keywords(epsilon="epsilon"))}


class Second(KerasAdapter):
    name = "my-keras-layer-with-statistics"
    modes = ("eager",)
    layers = {"layer_normalization": lambda a: document_002.layer_class()()}
