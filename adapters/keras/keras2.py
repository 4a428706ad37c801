"""Keras 2 on TensorFlow: the package tf_keras, and the Keras that TensorFlow up to 2.15 has as tf.keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ..arguments import KerasArguments, plain
from ..interface import Export, Request
from . import exports, files
from .adapter import KerasAdapter
from .base import Built

OF_WRITING = ("module", "registered_name", "build_config", "shared_object_id")
"""What a configuration says of an object besides its class and its own configuration, in either of two formats."""


class TfKerasArguments(KerasArguments):
    """Arguments of a layer of tf_keras."""

    package: ClassVar[str] = "tf_keras"


class Keras2Adapter(KerasAdapter):
    """tf.keras of TensorFlow up to 2.15."""

    name: ClassVar[str] = "tf.keras"
    modes: ClassVar[tuple[str, ...]] = ("eager", "graph", "xla")
    compiling: ClassVar[tuple[str, ...]] = ("xla",)
    full_modes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def refuses(cls, versions: Mapping[str, str]) -> str:
        """Why it is no Keras 2."""
        package = cls.given.package
        kept = versions[package].startswith("2.")
        return (
            "" if kept else f"{package} {versions[package]} is not Keras 2: ask for the target keras, or for tf_keras."
        )

    def exports(self) -> Sequence[Export]:
        """The layers of this package, those under experimental names too."""
        return tuple(self._exports())

    def _exports(self) -> Iterator[Export]:
        place, room = self.keras.layers, f"{self.name}.layers"
        for inner in ("", "experimental", "preprocessing"):
            place, room = (getattr(place, inner), f"{room}.{inner}") if inner else (place, room)
            yield from exports.classes(place, room, self.keras.layers.Layer, exports.LAYERS)

    def arguments(self, layer: Built) -> Mapping[str, Any]:
        """The layer's own get_config(); of a layer from a SavedModel it is in the older format."""
        return {name: _said(plain(value)) for name, value in layer.layer.get_config().items()}

    def save(self, layer: Built, folder: str, how: str) -> None:
        """The layer, in every way; `whole` is a SavedModel, which comes back as a model of layers."""
        model = files.model_of(self.keras, layer.layer, layer.shape)
        if how == "whole":
            model.save(Path(folder, files.WHOLE), save_format="tf")
        elif how == "file":  # a model without an input has nothing to save yet
            model.save(Path(folder, files.FILE))
        else:
            super().save(layer, folder, how)

    def load(self, folder: str, request: Request, how: str) -> Built:
        """What was saved."""
        if how != "whole":
            return super().load(folder, request, how)
        with self.on_device():
            loaded: Any = self.keras.models.load_model(Path(folder, files.WHOLE))
        return Built(loaded.layers[0], request.shape)


class TfKerasAdapter(Keras2Adapter):
    """The package tf_keras, which is Keras 2 beside a Keras 3."""

    name: ClassVar[str] = "tf_keras"
    requires: ClassVar[tuple[str, ...]] = ("tensorflow", "tf_keras")
    given: ClassVar[type[KerasArguments]] = TfKerasArguments
    # Layers of tf_keras look for classes of theirs in tf.keras, which is Keras 3 unless TensorFlow is told otherwise.
    environment: ClassVar[Mapping[str, str]] = {**KerasAdapter.environment, "TF_USE_LEGACY_KERAS": "1"}


def _said(value: Any) -> Any:
    """What both formats of a configuration say alike."""
    if isinstance(value, list):
        return [_said(one) for one in value]
    if not isinstance(value, dict):
        return value
    left_out = OF_WRITING if "class_name" in value else ()
    return {name: _said(one) for name, one in value.items() if name not in left_out}
