"""From a request to the source of a script that does the same with the framework alone, and prints what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from normcheck.adapters.arguments import KerasArguments, build_with
from normcheck.adapters.arrays import FLOATING, Array, decode, floating
from normcheck.adapters.interface import Request, Step, Unsupported
from normcheck.adapters.keras import layers as keras_layers
from normcheck.adapters.keras.keras2 import TfKerasArguments
from normcheck.adapters.torch import layers as torch_layers

from .source import Source, statements, writing

MODES = ("eager", "graph", "xla", "compile")
LARGE = 200


class Unwritten(Exception):  # noqa: N818 - a statement, not an error
    """There is no script of this request; the message says why."""


@dataclass(frozen=True, slots=True)
class Language:
    """How a framework is spoken to.

    package: what the layers are made of. start: the first lines. before: those that stand before the layer is made.
    made: the layer. body: the rest, in a mode.
    """

    package: str
    start: tuple[str, ...]
    before: Callable[[Request], list[str]]
    made: Callable[[Request, Language], Source]
    body: Callable[[Request, Language, str], Iterator[str]]


def script(request: Request, adapter: str, mode: str) -> str:
    """The source of a script that does with `adapter`, in `mode`, what `request` says. Raises Unwritten."""
    language = language_of(adapter)
    refuse(request, mode)
    lines = [*language.before(request), *made(request, language), *language.body(request, language, mode)]
    return "\n".join([*language.start, "", *lines, ""])


def made(request: Request, language: Language) -> list[str]:
    """The lines that make the layer. Raises Unwritten."""
    with writing(language.package):
        try:
            layer = statements(language.made(request, language))
        except (Unsupported, ImportError) as reason:
            raise Unwritten(str(reason)) from None
    return [*layer[:-1], f"layer = {layer[-1]}"]


def signature(name: str, adapter: str) -> str:
    """The source of a script that prints the signature of what a framework exports under `name`. Raises Unwritten."""
    language = language_of(adapter)
    if name.partition(".")[0] != language.package:
        raise Unwritten(f"{name} is no part of {language.package}")
    return "\n".join(["import inspect", *language.start, "", f"print(inspect.signature({name}))", ""])


def titled(text: str, title: str) -> str:
    """A script with a docstring."""
    plain = title.replace("\\", "/").replace('"', "'")
    return f'"""{plain}"""\n\n{text}'


def language_of(adapter: str) -> Language:
    """How scripts for an adapter are written. Raises Unwritten."""
    if adapter not in LANGUAGES:
        raise Unwritten(f"scripts are written for {', '.join(LANGUAGES)}, and not for {adapter}")
    return LANGUAGES[adapter]


def refuse(request: Request, mode: str) -> None:
    """Raises Unwritten for what a script does not say."""
    steps = request.steps
    reasons = {
        f"a model of {len(request.layers)} layers": bool(request.layers),
        f"the mode {mode}": mode not in MODES,
        "sizes that are unknown while a layer is built": bool(request.dynamic),
        f"{request.threads} threads": request.threads != 1,
        f"{request.precision} precision": request.precision not in ("plain", "mixed"),
        "masks": any(step.mask is not None for step in steps),
        "updates": any(step.kind == "update" for step in steps),
        "derivatives of another kind than gradients": any(step.derived for step in steps),
        "arrays that lie otherwise in memory": any(step.layout != "contiguous" for step in steps),
    }
    for reason, found in reasons.items():
        if found:
            raise Unwritten(f"scripts do not say {reason}")


def keras_layer(request: Request, language: Language) -> Source:
    """What the adapter of Keras makes."""
    kind = TfKerasArguments if language.package == "tf_keras" else KerasArguments
    return _made(keras_layers.LAYERS, kind(request.layer, request.arguments, request.shape, request.dtype))


def torch_layer(request: Request, language: Language) -> Source:
    """What the adapter of PyTorch makes; its unit normalization is a module of the adapter's own."""
    arguments = torch_layers.TorchArguments(request.layer, request.arguments, request.shape, request.dtype)
    own = {name: factory for name, factory in torch_layers.LAYERS.items() if name != "unit_normalization"}
    return _made(own, arguments)


def _made(
    factories: Mapping[str, Callable[..., object]], arguments: KerasArguments | torch_layers.TorchArguments
) -> Source:
    if arguments.layer not in factories:
        raise Unsupported(f"the framework has no layer for {arguments.layer}")
    made = build_with(factories[arguments.layer], arguments, "the script")
    if not isinstance(made, Source):
        raise Unsupported(f"{arguments.layer} is made by normcheck's adapter, and not by the framework alone")
    return made


def on_tensorflow(request: Request, language: Language, mode: str) -> Iterator[str]:
    """The rest of a script for Keras on TensorFlow."""
    yield from keras_weights(request)
    decorated = {"graph": "@tf.function", "xla": "@tf.function(jit_compile=True)"}.get(mode)
    yield from _functions(request, decorated)
    for index, step in enumerate(request.steps):
        yield ""
        yield f"x = tf.cast({array(step.input)}, {step.input.dtype!r})"
        if step.kind == "adapt":
            yield "layer.adapt(x)"
            continue
        yield f'print("output {index}", np.asarray(call(x, {step.training!r})))'
    yield from _after("(weight.name, np.asarray(weight))")
    last = _differentiated(request)
    if last is not None:
        yield ""
        yield f"upstream = tf.cast({array(last[1])}, {last[1].dtype!r})"
        yield f"found = gradients(x, {last[0].training!r}, upstream)"
        yield 'print("gradients", *map(np.asarray, found), sep="\\n")'


def _functions(request: Request, decorated: str | None) -> Iterator[str]:
    """How the layer is called, and differentiated where that is asked for."""
    start = [decorated] if decorated else []
    yield from ("", "", *start, "def call(x, training):", "    return layer(x, training=training)", "")
    if _differentiated(request) is not None:
        lines = (
            "def gradients(x, training, upstream):",
            "    variables = [one if callable(one.value) else one.value for one in layer.trainable_weights]",
            "    with tf.GradientTape() as tape:",
            "        tape.watch(x)",
            "        y = layer(x, training=training)",
            "    return tape.gradient(y, [x, *variables], upstream, unconnected_gradients='zero')",
            "",
        )
        yield from ("", *start, *lines)


def on_another_backend(request: Request, language: Language, mode: str) -> Iterator[str]:
    """The rest of a script for Keras on PyTorch or JAX: its outputs."""
    yield from keras_weights(request)
    for index, step in enumerate(request.steps):
        yield ""
        yield f"x = keras.ops.convert_to_tensor({array(step.input)}, {step.input.dtype!r})"
        if step.kind == "adapt":
            yield "layer.adapt(x)"
            continue
        yield f"y = layer(x, training={step.training!r})"
        yield f'print("output {index}", keras.ops.convert_to_numpy(y))'
    yield from _after("(weight.name, keras.ops.convert_to_numpy(weight.value))")


def _policy(request: Request, package: str = "keras") -> list[str]:
    """The line that says in which dtype layers are made, where it is not the usual one."""
    policy = f"mixed_{request.dtype}" if request.precision == "mixed" else floating(request.dtype)
    return [] if policy == "float32" else [f"{package}.mixed_precision.set_global_policy({policy!r})"]


def keras_weights(request: Request) -> Iterator[str]:
    """Build the layer, and give its weights their values."""
    yield f"layer.build({request.shape!r})"
    if request.weights:
        yield "values = {"
        yield from (f"    {name!r}: {array(value)}," for name, value in request.weights.items())
        yield "}"
        yield "for weight in layer.weights:"
        yield '    name = weight.name.rpartition("/")[2].partition(":")[0]'
        yield "    if name in values:"
        yield "        weight.assign(values[name].astype(weight.dtype))"
        if request.layer == "feature_normalization":
            yield "layer.finalize_state()"


def with_torch(request: Request, language: Language, mode: str) -> Iterator[str]:
    """The rest of a script for PyTorch."""
    if request.dtype in FLOATING:
        stored = "float32" if request.precision == "mixed" else request.dtype
        yield f"layer = layer.to(torch.{stored})"
    if request.weights:
        yield "held = dict(layer.named_parameters()) | dict(layer.named_buffers())"
        yield "with torch.no_grad():"
        yield from (f"    held[{name!r}].copy_({tensor(value)})" for name, value in request.weights.items())
    yield "call = torch.compile(layer, dynamic=False)" if mode == "compile" else "call = layer"
    for index, step in enumerate(request.steps):
        yield ""
        yield f"x = {tensor(step.input)}"
        if step.training is not None:
            yield f"layer.train({step.training!r})"
        yield "with torch.no_grad():"
        yield f'    print("output {index}", call(x))'
    yield ""
    yield "for name, weight in layer.state_dict().items():"
    yield '    print("afterwards", name, weight)'
    last = _differentiated(request)
    if last is not None:
        yield ""
        yield "sources = [x.requires_grad_(), *layer.parameters()]"
        yield f"upstream = {tensor(last[1])}"
        yield "found = torch.autograd.grad(call(x), sources, upstream, materialize_grads=True)"
        yield 'print("gradients", *found, sep="\\n")'


def _after(what: str) -> Iterator[str]:
    yield ""
    yield 'print("configuration", *sorted(layer.get_config()))'
    yield "for weight in layer.weights:"
    yield f'    print("afterwards", *{what})'


def _differentiated(request: Request) -> tuple[Step, Array] | None:
    """The last step with the gradient that comes in; it is done again, after all that a layer keeps is printed."""
    last = request.steps[-1] if request.steps else None
    return (last, last.upstream) if last is not None and last.kind == "call" and last.upstream is not None else None


def array(value: Array) -> str:
    """An array as NumPy's source, in float32 where NumPy lacks the dtype; each number is there to the bit."""
    kind = "float32" if value.dtype == "bfloat16" else value.dtype
    return f"np.array({_numbers(value)}, {kind!r}).reshape({value.shape!r})"


def tensor(value: Array) -> str:
    """An array as PyTorch's source."""
    return f"torch.tensor({_numbers(value)}, dtype=torch.{value.dtype}).reshape({value.shape!r})"


def _numbers(value: Array) -> str:
    text = repr(decode(value).ravel().tolist())
    return text.replace("nan", 'float("nan")').replace("inf", 'float("inf")')


PRECISE = "np.set_printoptions(precision=17, floatmode='unique', threshold=1000, linewidth=120)"


def _keras_start(backend: str, package: str = "keras") -> tuple[str, ...]:
    """The imports, and which versions they are."""
    more = ("import tensorflow as tf",) if backend == "tensorflow" else ()
    return (
        "import os",
        "",
        f'os.environ["KERAS_BACKEND"] = "{backend}"',
        *(['os.environ["TF_USE_LEGACY_KERAS"] = "1"'] if package == "tf_keras" else []),
        "",
        *sorted(["import numpy as np", f"import {package}", *more], key=lambda line: line.split()[1]),
        "",
        PRECISE,
        f'print("{package}", {package}.__version__)',
    )


LANGUAGES: Mapping[str, Language] = {
    "keras": Language("keras", _keras_start("tensorflow"), _policy, keras_layer, on_tensorflow),
    "tf.keras": Language("keras", _keras_start("tensorflow"), _policy, keras_layer, on_tensorflow),
    "tf_keras": Language(
        "tf_keras",
        _keras_start("tensorflow", "tf_keras"),
        partial(_policy, package="tf_keras"),
        keras_layer,
        on_tensorflow,
    ),
    "keras-torch": Language("keras", _keras_start("torch"), _policy, keras_layer, on_another_backend),
    "keras-jax": Language("keras", _keras_start("jax"), _policy, keras_layer, on_another_backend),
    "torch": Language(
        "torch",
        ("import torch", "", "torch.set_printoptions(precision=17)", 'print("torch", torch.__version__)'),
        lambda request: [],
        torch_layer,
        with_torch,
    ),
}
