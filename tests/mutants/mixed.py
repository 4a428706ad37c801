"""Mutants that confuse the dtypes of mixed precision: of weights, gradients, statistics and outputs."""

from __future__ import annotations

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference import layer as reference_layer
from normcheck.tests.mutants.mutant import ALL, BATCH, FEATURE, NARROW, STATISTICAL, mutant, rounded


def constructing(change):
    """A constructor whose layer is changed by `change`, which is also given the precision and the dtype asked for."""

    def construct(self, layer, arguments, shape, dtype):
        made = ReferenceAdapter.construct(self, layer, arguments, shape, dtype)
        change(made, self.precision, dtype)
        return made

    return construct


def storing_narrowly(layer, precision, dtype):
    layer.stored = layer.dtype


def widening(layer, precision, dtype):
    layer.dtype = "float32" if precision == "mixed" else layer.dtype


def casting_down(layer, precision, dtype):
    layer.dtype = dtype if precision == "autocast" else layer.dtype


def ignoring(layer, precision, dtype):
    if precision == "converted":
        layer.dtype = layer.stored = "float32"


def narrow_weight(layer, name):
    if name not in layer.weights:
        return None
    values = decode(encode(decode(layer.weights[name]), layer.dtype)).astype(layer.working)
    return reference_layer.broadcast(layer, values)


def narrow_moments(layer):
    mean, variance = GIVEN_MOMENTS(layer)
    return rounded(mean, layer.dtype), rounded(variance, layer.dtype)


GIVEN_MOMENTS = reference_layer.given_moments


def moving_narrowly(layer, seen):
    """The averages rounded to the dtype of the input before they are stored in their own."""
    MOVE_STATISTICS(layer, seen)
    for name in ("moving_mean", "moving_variance"):
        held = layer.weights[name]
        layer.weights[name] = encode(rounded(decode(held), layer.dtype), held.dtype)


MOVE_STATISTICS = reference_layer.move_statistics


def gradients_by(narrow):
    """Gradients of the weights changed by `narrow`, which is given each and the dtype of the output."""

    def gradient(self, layer, x, training, upstream):
        output, found = ReferenceAdapter.gradient(self, layer, x, training, upstream)
        return output, {name: one if name == "input" else narrow(one, layer.dtype) for name, one in found.items()}

    return gradient


def told(self, layer, arguments, shape, dtype):
    self.told = dtype if self.precision == "autocast" else ""
    return ReferenceAdapter.construct(self, layer, arguments, shape, dtype)


def called_narrowly(self, layer, x, training):
    """The output through the 16 bits of the automatic casts, in float32 all the same."""
    output = ReferenceAdapter.call(self, layer, x, training)
    return encode(rounded(decode(output), self.told), output.dtype) if self.told else output


WeightsStoredNarrowly = mutant(
    "weights-in-16-bit",
    "In mixed precision the weights are stored in 16 bits.",
    ALL,
    dtypes=NARROW,
    stands_for="module.half() where autocast is meant",
    construct=constructing(storing_narrowly),
)
WeightsUsedNarrowly = mutant(
    "weights-used-in-16-bit",
    "In mixed precision gamma and beta are rounded to 16 bits before they are used.",
    STATISTICAL,
    dtypes=NARROW,
    stands_for="Keras 3.15 RMSNormalization, whose scale is cast to the compute dtype",
    weight_of=narrow_weight,
)
StatisticsUsedNarrowly = mutant(
    "statistics-used-in-16-bit",
    "In mixed precision given or moving statistics are rounded to 16 bits before they are used.",
    (BATCH, FEATURE),
    dtypes=NARROW,
    stands_for="Keras 3.15 Normalization, whose finalize_state casts mean and variance to the compute dtype",
    given_moments=narrow_moments,
)
GradientsRoundedNarrowly = mutant(
    "weight-gradients-through-16-bit",
    "In mixed precision the gradients of the weights are rounded to 16 bits and widened again.",
    STATISTICAL,
    dtypes=NARROW,
    stands_for="PyTorch 2.13 LayerNorm on CPU",
    gradient=gradients_by(lambda one, dtype: encode(decode(encode(decode(one), dtype)), one.dtype)),
)
GradientsReturnedNarrowly = mutant(
    "weight-gradients-in-16-bit",
    "In mixed precision the gradients of the weights come back in 16 bits.",
    STATISTICAL,
    dtypes=NARROW,
    gradient=gradients_by(lambda one, dtype: encode(decode(one), dtype)),
)
MovingNarrowly = mutant(
    "moving-statistics-through-16-bit",
    "In mixed precision the moving statistics are rounded to 16 bits at every step.",
    (BATCH,),
    dtypes=NARROW,
    move_statistics=moving_narrowly,
)
MixedOutputWide = mutant(
    "mixed-output-in-float32",
    "In mixed precision the output is float32.",
    ALL,
    dtypes=NARROW,
    construct=constructing(widening),
)
AutocastOutputNarrow = mutant(
    "autocast-output-in-16-bit",
    "Under automatic casts the output of a float32 layer has 16 bits.",
    STATISTICAL,
    dtypes=("bfloat16",),
    construct=constructing(casting_down),
)
AutocastThroughNarrow = mutant(
    "autocast-through-16-bit",
    "Under automatic casts a float32 layer computes in 16 bits and widens its output.",
    STATISTICAL,
    dtypes=("bfloat16",),
    construct=told,
    call=called_narrowly,
)
OwnDtypeIgnored = mutant(
    "own-dtype-ignored",
    "A layer that is told its dtype computes in that of its input.",
    ALL,
    dtypes=("bfloat16",),
    construct=constructing(ignoring),
)
