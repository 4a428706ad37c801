"""What a target is asked, what it was seen to do, and the class an adapter extends.

An adapter never sees an expectation. It gets a `Request` and `observe` (in `observe.py`) turns the adapter's
small methods into an `Observation`. This module needs the standard library and NumPy alone, because it is
imported in every target's environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .arrays import Array
from .timing.timeable import Timeable

Phase = Literal["construct", "build", "assign", "call", "gradient", "adapt", "update", "save", "load"]
Derived = Literal[
    "forward",
    "reverse-over-reverse",
    "forward-over-reverse",
    "reverse-over-forward",
    "forward-over-forward",
    "vectorized",
]


class Unsupported(Exception):  # noqa: N818 - a statement, not an error
    """Raised by an adapter for what its framework does not offer; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to a layer.

    kind: `call` the layer on `input`; `adapt` it to `input` as data; or make one `update`: call, backpropagate
    `upstream` and the layer's own losses, and take one step of plain gradient descent with `learning_rate`.
    training: None leaves the framework's default.
    upstream: the gradient that comes in, in the output's shape; None asks for no gradient.
    layout: how `input` and `upstream` lie in memory: `contiguous`, or one that `arrange` is asked for.
    mask: true where an element of the leading axes of the input counts; None for no mask.
    derived: what is asked for besides output and gradients. tangent: in the input's shape; the direction in which
        derivatives are taken, and the second sample of what is `vectorized`, of which `input` is the first.
    """

    kind: Literal["call", "adapt", "update"]
    input: Array
    training: bool | None = None
    upstream: Array | None = None
    learning_rate: float = 0.0
    layout: str = "contiguous"
    mask: Array | None = None
    tangent: Array | None = None
    derived: tuple[Derived, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a target is asked for one case.

    layer: a layer's name in the specs, or `sequential` / `functional` for a model made of `layers`.
    arguments: canonical names from the spec; what is absent is left to the framework's default.
    shape: the input's shape, batch included, that the layer is built for.
    dtype: the dtype of the layer, of its weights and of its computation.
    weights: values to assign after building, by the target's own names, in no particular order.
    repeat: do everything twice, with a second instance, and say whether the bits agree.
    restore: after the steps, save the layer in each of these formats, load it, and do the last step once more.
    precision: `plain`; `mixed`: the weights are float32, input and output have `dtype`; `autocast`: layer and input
        are float32, under the framework's automatic casts to `dtype`; `converted`: the layer is told that its dtype is
        `dtype`, and the input is float32. threads: to compute with. dynamic: the axes whose sizes are
        unknown while the layer is built or compiled.
    carry: read all weights once more after they are assigned, to be carried to another framework.
    describe: tell, besides, what the framework warns of and which keys the layer's configuration has.
    layers: (layer, arguments) of each layer of a model, in order.
    """

    case: str
    layer: str
    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str
    weights: Mapping[str, Array] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    repeat: bool = False
    restore: tuple[str, ...] = ()
    precision: str = "plain"
    threads: int = 1
    dynamic: tuple[int, ...] = ()
    carry: bool = False
    describe: bool = False
    layers: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight as the framework lists it, in the framework's order and under its own name."""

    name: str
    trainable: bool
    value: Array


@dataclass(frozen=True, slots=True)
class StepSeen:
    """What one step left behind.

    output: of the plain call; differentiated: of the call that gave the gradients, where there was one.
    gradients: of the input under `input`, of each trainable weight under its own name.
    weights: values of all weights after the step. weights_kept: a call left the trainable ones as they were.
    loss: the sum of the layer's own losses (regularizers), where asked for by an `update`.
    input_kept: the bytes of the input were the same after the step as before.
    mask: what came out of the layer as the mask of its output. derived: arrays by `kind`, or by `kind subject` where a
        kind gives several. failed: by kind of `derived`, what was raised in place of them.
    """

    output: Array | None = None
    differentiated: Array | None = None
    gradients: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    loss: float | None = None
    input_kept: bool = True
    weights_kept: bool = True
    mask: Array | None = None
    derived: Mapping[str, Array] = field(default_factory=dict)
    failed: Mapping[str, Raised] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A layer on one side of the file that it was saved to.

    arguments: what it is configured with, as its framework tells; empty where it does not.
    weights: before the request's last step was done once more; step: what that left behind.
    apart: one step more left the weights of the saved layer as they were.
    """

    arguments: Mapping[str, Any]
    weights: tuple[Weight, ...]
    step: StepSeen
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that came out of the framework.

    types: names of its class and of every base class, most derived first.
    step: the index of the step, None before the first and after the last.
    """

    types: tuple[str, ...]
    message: str
    phase: Phase
    step: int | None
    traceback: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What a target was seen to do with a request.

    unsupported: reason by what is missing: `layer` (nothing was done), `gradient`, `adapt`, `update`, `weights`,
        `persistence FORMAT`, or a kind of `derived`.
    parameters: (trainable, non-trainable) as the framework itself counts them; None where it does not.
    repeats: whether the second instance agreed bit for bit; None when not asked.
    restored: by format, the layer as it was saved, and as it was loaded. refused: by format, what was raised instead.
    carried: every weight after `weights` were assigned, where the request says `carry`.
    warnings, configuration: where the request says `describe`: `Category: text` of each warning, once; the keys of
        what the layer is configured with.
    seconds: time inside the target for all of it.
    """

    case: str
    weights: tuple[Weight, ...] = ()
    parameters: tuple[int, int] | None = None
    steps: tuple[StepSeen, ...] = ()
    raised: Raised | None = None
    unsupported: Mapping[str, str] = field(default_factory=dict)
    repeats: bool | None = None
    restored: Mapping[str, tuple[Snapshot, Snapshot]] = field(default_factory=dict)
    refused: Mapping[str, Raised] = field(default_factory=dict)
    carried: tuple[Weight, ...] = ()
    warnings: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a signature. kind: in Python's words; default: as text, None where there is none."""

    name: str
    kind: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A layer, or a function that is one, that a framework offers under `name`.

    layer: what the specs call it; None for one that the adapter does not know.
    arguments: what each argument of its signature stands for: an argument or a weight of the specs, or `input`, `shape`
        (of the input) or `training`; None for one that the adapter does not know.
    ranks: the numbers of dimensions of the inputs that it is for; empty for any.
    when: the arguments of the specs that choose it among the layer's other forms.
    signature: as it stands in this version; two exports that differ in it alone are equal.
    """

    name: str
    layer: str | None
    arguments: Mapping[str, str | None]
    ranks: tuple[int, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)
    signature: tuple[Parameter, ...] = field(default=(), compare=False)


class Adapter(Timeable):
    """Builds and drives one framework's layers, on one device and in one mode.

    modes: all there are; compiling: those that compile each case, and are asked few; full_modes: those that are on the
    full list alone unless they are named; needs: distributions that a mode needs besides those in `requires`.
    threads_fixed: why no request chooses its number of threads, where the framework has a reason of its own.
    symbolic: sizes may be unknown while a layer is built; `dynamic` are the axes whose sizes are, in this request.
    Subclasses import their framework inside methods, never at the top of the module. Every method not
    overridden answers *unsupported*. `layer` below is whatever `construct` returned.
    """

    name: ClassVar[str] = ""
    dialect: ClassVar[str] = "keras"
    requires: ClassVar[tuple[str, ...]] = ()
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiling: ClassVar[tuple[str, ...]] = ()
    tracing: ClassVar[tuple[str, ...]] = ()
    full_modes: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    threads_fixed: ClassVar[str] = ""
    symbolic: ClassVar[bool] = False
    environment: ClassVar[Mapping[str, str]] = {}

    dynamic: tuple[int, ...] = ()
    thread_count: int = 1

    def __init__(self, device: str = "cpu", mode: str = "eager") -> None:
        self.device = device
        self.mode = mode

    @classmethod
    def refuses(cls, versions: Mapping[str, str]) -> str:
        """Why there is no target with these versions of what it requires, as a sentence; empty where there is one."""
        return ""

    def start(self) -> None:
        """Import the framework, with `thread_count` threads. Raises ImportError or Unsupported when it can't be had."""

    def versions(self) -> dict[str, str]:
        """Distribution name to version, of everything whose version matters to a result."""
        return {}

    def devices(self) -> Sequence[str]:
        """The devices the framework finds on this machine, `cpu` first."""
        return ("cpu",)

    def threads(self) -> int:
        """How many threads the framework computes with."""
        return 1

    def wanted_threads(self, request: Request) -> int:
        """How many threads a request is to be computed with: the target's own number unless it names another."""
        return self.thread_count if request.threads == 1 else request.threads

    def exports(self) -> Sequence[Export]:
        """Every normalization layer that the installed framework offers, found by looking, with its signature."""
        return ()

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Everything of a request happens inside. Raises Unsupported for a setting that the adapter does not have."""
        if request.precision != "plain":
            raise Unsupported(f"{self.name} has no {request.precision} precision")
        if self.wanted_threads(request) != self.thread_count:
            raise Unsupported(self.threads_fixed or f"{self.name} does not choose its threads")
        if request.dynamic and not self.symbolic:
            raise Unsupported(f"{self.name} builds layers for known sizes only")
        self.dynamic = request.dynamic
        yield

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Any:
        """A new layer. Exceptions of the framework's constructor are let through."""
        raise Unsupported(f"{self.name} offers no {layer}")

    def construct_model(
        self,
        form: str,
        layers: Sequence[tuple[str, Mapping[str, Any]]],
        shape: tuple[int, ...],
        dtype: str,
    ) -> Any:
        """A new model of `layers`; `form` is `sequential` or `functional`."""
        raise Unsupported(f"{self.name} offers no {form} models")

    def build(self, layer: Any, shape: tuple[int, ...]) -> None:
        """Create the layer's weights for an input of `shape`, where the framework does so in a step of its own."""

    def weights(self, layer: Any) -> Sequence[Weight]:
        """Every weight in the framework's order, non-trainable ones (buffers, moving statistics) included."""
        raise Unsupported(f"{self.name} does not list weights")

    def parameters(self, layer: Any) -> tuple[int, int] | None:
        """(trainable, non-trainable) parameters as the framework's own summary counts them."""
        return None

    def assign(self, layer: Any, values: Mapping[str, Array]) -> None:
        """Set the weights named in `values`."""
        raise Unsupported(f"{self.name} does not set weights")

    def to_native(self, array: Array) -> Any:
        """A fresh array of the framework on the adapter's device."""
        raise Unsupported(f"{self.name} takes no arrays")

    def arrange(self, native: Any, layout: str) -> Any:
        """The values of `native` in other memory, where they lie otherwise than an array usually does.

        layout: `transposed`, the axes in memory in reverse; `strided`, with a gap after every element of the last
        axis; `reversed`, from the last element to the first; `channels-last`, axis 1 innermost; `broadcast`, the first
        slice along axis 0, which all the others repeat, once; `read-only`, in memory that cannot be written to;
        `unaligned`, one element, or where that can be one byte, beyond where an array would begin.
        """
        raise Unsupported(f"{self.name} does not choose how arrays lie in memory")

    def to_array(self, native: Any) -> Array:
        """The bits of an array of the framework."""
        raise Unsupported(f"{self.name} gives no arrays")

    def call(self, layer: Any, x: Any, training: bool | None) -> Any:
        """The layer's output for `x`, both native."""
        raise Unsupported(f"{self.name} does not call layers")

    def gradient(self, layer: Any, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """The output, and the gradients of sum(upstream * output): `input` and each trainable weight by name."""
        raise Unsupported(f"{self.name} gives no gradients")

    def adapt(self, layer: Any, data: Any) -> None:
        """Set the layer's statistics from `data`."""
        raise Unsupported(f"{self.name} does not adapt")

    def update(self, layer: Any, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of gradient descent on sum(upstream * output) + the layer's losses: (output, losses)."""
        raise Unsupported(f"{self.name} makes no updates")

    def arguments(self, layer: Any) -> Mapping[str, Any]:
        """What `layer` is configured with, as the framework itself tells, in builtin values."""
        return {}

    def forward(self, layer: Any, x: Any, training: bool | None, tangent: Any) -> Any:
        """The derivative of the output in the direction `tangent`, by forward-mode differentiation."""
        raise Unsupported(f"{self.name} has no forward mode")

    def second_order(
        self, layer: Any, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """The derivative of the gradients of sum(upstream * output), or of `forward`, in the direction `tangent`.

        way: `reverse-over-reverse`, `forward-over-reverse` and `reverse-over-forward` give it for `input` and each
        trainable weight by name; `forward-over-forward` gives the second derivative of the output, under `output`.
        """
        raise Unsupported(f"{self.name} has no {way} differentiation")

    def vectorized(self, layer: Any, x: Any, training: bool | None) -> Any:
        """The outputs of a stack of inputs, mapped over the first axis of `x` by the framework's own `vmap`.

        Every sample is an input of its own, its batch included, to the layer as it is; what the layer keeps may move.
        """
        raise Unsupported(f"{self.name} has no vmap")

    def masked(self, layer: Any, x: Any, training: bool | None, mask: Any) -> tuple[Any, Any]:
        """The layer's output for `x` under `mask`, and the mask that goes with it (None for none)."""
        raise Unsupported(f"{self.name} has no masks")

    def masked_gradient(
        self, layer: Any, x: Any, training: bool | None, mask: Any, upstream: Any
    ) -> tuple[Any, dict[str, Any]]:
        """As `gradient`, under `mask`."""
        raise Unsupported(f"{self.name} has no masks")

    def save(self, layer: Any, folder: str, how: str) -> None:
        """Write `layer` into the empty `folder`.

        how: `file`, the framework's own format; `weights`, the weights alone; `legacy`, the format before it; `whole`,
        the object itself; `configuration`, the arguments, and the weights set afterwards; `json`, the same as
        another process can read it; `copy` and `pickle`, Python's own. What takes no file is handed to `load` by
        `keep`.
        """
        raise Unsupported(f"{self.name} does not save layers")

    def load(self, folder: str, request: Request, how: str) -> Any:
        """A new layer from what `save` left in `folder`, ready to be called.

        `request` is what the saved layer was made for: a format that holds weights alone needs its arguments again.
        """
        raise Unsupported(f"{self.name} does not load layers")
