"""A script that saves a layer of Keras to a file, or opens one that another version saved."""

from __future__ import annotations

from collections.abc import Iterator

from normcheck.adapters.interface import Request

from .script import LANGUAGES, Language, Unwritten, array, keras_weights, made, refuse

ENDINGS = {"file": ".keras", "legacy": ".h5", "weights": ".weights.h5"}
BACKENDS = ("keras", "tf.keras", "tf_keras")


def filing(request: Request, adapter: str, form: str) -> str:
    """The source of a script that is told `save FILE` or `open FILE`. Raises Unwritten."""
    if adapter not in BACKENDS or form not in ENDINGS:
        raise Unwritten(f"scripts about files are written for Keras on TensorFlow, and not for {adapter} as {form}")
    refuse(request, "eager")
    language = LANGUAGES[adapter]
    lines = [
        *language.before(request),
        *made(request, language),
        *keras_weights(request),
        *_rest(request, language, form),
    ]
    return "\n".join(["import sys", *language.start, "", *lines, ""])


def _rest(request: Request, language: Language, form: str) -> Iterator[str]:
    """The steps, the file, and one call more."""
    name = language.package
    yield "do, path = sys.argv[1:]"
    for step in request.steps:
        yield f"x = tf.cast({array(step.input)}, {step.input.dtype!r})"
        yield "layer.adapt(x)" if step.kind == "adapt" else f"layer(x, training={step.training!r})"
    yield f"model = {name}.Sequential([{name}.Input(batch_shape={request.shape!r}), layer])"
    ending = "_weights" if form == "weights" else ""
    yield 'if do == "save":'
    yield f"    model.save{ending}(path)"
    yield "else:"
    yield "    model.load_weights(path)" if ending else f"    model = {name}.models.load_model(path)"
    yield 'print("output", np.asarray(model(x, training=False)))'
