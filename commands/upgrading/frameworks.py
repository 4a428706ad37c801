"""What is known of the distributions whose upgrade is validated without being told what to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TENSORFLOW = ("tensorflow==2.21.*",)
# The last TensorFlow on which every release of Keras 3 runs.
OLDER_TENSORFLOW = ("tensorflow==2.16.2",)


@dataclass(frozen=True, slots=True)
class Framework:
    """targets: what is judged. beside: what is installed too. hosts: what may stand behind both sides, in this order.

    works: code that fails where a version does not work on a host, or with what pip installs beside it.
    """

    targets: tuple[str, ...]
    beside: tuple[str, ...] = ()
    hosts: tuple[tuple[str, ...], ...] = ()
    works: str = ""


KERAS_WORKS = """if True:
    import os
    os.environ.update(KERAS_BACKEND="{backend}", TF_CPP_MIN_LOG_LEVEL="3")
    import keras
    import numpy
    keras.layers.LayerNormalization()(numpy.ones((2, 3), "float32"))
"""
FLAX_WORKS = """if True:
    import jax.numpy
    from flax import linen, nnx
    nnx.LayerNorm(3, rngs=nnx.Rngs(0))(jax.numpy.ones((2, 3)))
    nnx.BatchNorm(3, rngs=nnx.Rngs(0))(jax.numpy.ones((2, 3)))
"""


def keras_on(target: str, backend: str, *hosts: tuple[str, ...]) -> Framework:
    """Keras on one of its backends."""
    return Framework((target,), hosts=hosts, works=KERAS_WORKS.format(backend=backend))


FRAMEWORKS: Mapping[str, Framework] = {
    "keras": keras_on("keras", "tensorflow", TENSORFLOW, OLDER_TENSORFLOW),
    "tf-keras": Framework(("tf_keras",)),
    "tensorflow": Framework(("keras",)),
    "tensorflow-cpu": Framework(("keras",)),
    "tensorflow-addons": Framework(("tfa",), beside=("tensorflow==2.15.*", "numpy<2")),
    "torch": Framework(("torch",), beside=("numpy",)),
    "onnxruntime": Framework(("onnxruntime",), beside=("onnx", "numpy")),
    "flax": Framework(("flax",), works=FLAX_WORKS),
    "jax": Framework(("flax",), beside=("flax",), works=FLAX_WORKS),
}
# By the target that is asked for: Keras' own TensorFlow is no host of these. They come with the newest Keras, for all
# that it needs besides; the one under test stands in front of it.
ON_ANOTHER_BACKEND: Mapping[str, Framework] = {
    "keras-torch": keras_on("keras-torch", "torch", ("torch==2.13.0", "keras")),
    "keras-jax": keras_on("keras-jax", "jax", ("jax==0.10.*", "keras")),
}


def framework(name: str, targets: tuple[str, ...]) -> Framework:
    """What is known of the distribution `name`, judged by `targets`; nothing of an unknown one."""
    backends = [
        ON_ANOTHER_BACKEND[one] for one in (text.partition(":")[0] for text in targets) if one in ON_ANOTHER_BACKEND
    ]
    return backends[0] if name == "keras" and backends else FRAMEWORKS.get(name, Framework(()))
