"""The lock: what every case asks and what its exact answer is, as one short digest for each case and dialect.

A digest is over the bytes that are sent (inputs, upstream gradients, weights) and over the exact values, step by step:
output, gradients, and every weight after the step. It has to be the same on every machine, so

- answers are worked out in double-double whatever the dtype: additions, products, quotients and roots that IEEE 754
  rounds correctly, in an order of our own, while NumPy's sums of float64 may round otherwise in another version;
- values are kept to 40 significant bits, some twelve digits, so that neither the last bit nor a better order of the
  formulas matters: double-double is good for 100 bits, and a value that close to the edge of 40 is one in 2^60;
- what is below 2^-70 of an array's largest value counts as 0: it is the rest of a sum that cancels.

The bounds are not locked. They may become tighter without any answer changing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from normcheck.adapters.arrays import Array
from normcheck.specs import VERSION
from normcheck.specs.reader import PACKAGED

from ..arithmetic.exact import Floats
from ..bounds.normalization import Bounds
from ..case import Case
from ..coverage.matrix import Surface, read_surfaces
from ..judgement.derived import along
from ..oracle.answered import Answered
from ..oracle.derivatives import DERIVATIVES, derivatives
from ..oracle.expected import StepExpected, steps_by, values_of
from ..requests.ask import request_for
from .mistakes import DIALECTS

PATH = PACKAGED / "digests.json"
SIGNIFICANT_BITS = 40
NOTHING = 2.0**-70
Digests = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Lock:
    """The digests of a spec version: by case id, then by dialect."""

    version: str
    digests: Digests


@dataclass(frozen=True, slots=True)
class Difference:
    """The ids of cases whose digest in some dialect is another than was locked, is not locked, or is no more."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def lock_of(cases: Iterable[Case], version: str = VERSION) -> Lock:
    """The lock of these cases; those without an exact answer (errors, models, a document's own) have none."""
    locked = (case for case in cases if case.raises is None and case.steps and case.exact)
    return Lock(
        version,
        {case.id: {dialect: digest(case, dialect) for dialect in _dialects(case)} for case in locked},
    )


def _dialects(case: Case) -> tuple[str, ...]:
    """Those in which a case is asked, and with it what it is compared with."""
    layers = [case.layer, *([case.other.case.layer] if case.other else [])]
    return case.dialects or tuple(one for one in spoken(case.layer) if all(one in spoken(layer) for layer in layers))


def spoken(layer: str) -> tuple[str, ...]:
    """The dialects of a layer: those that every spec is written in, and those of frameworks that have the layer."""
    others = {one.dialect for one in _surfaces() for export in one.exports if export.layer == layer}
    return (*DIALECTS, *sorted(others - set(DIALECTS)))


@cache
def _surfaces() -> tuple[Surface, ...]:
    return read_surfaces()


def digest(case: Case, dialect: str) -> str:
    """Ten hexadecimal digits for what a case asks and what its exact answer is; both sides of a comparison count."""
    found = hashlib.blake2b(digest_size=5)
    for one in (case, case.other.case) if case.other else (case,):
        for part in (*_asked(one, dialect), *_answered(one, dialect)):
            found.update(part)
    return found.hexdigest()


def difference(old: Lock, new: Lock) -> Difference:
    """What is not as it was."""
    return Difference(
        tuple(name for name, found in new.digests.items() if _changed(old.digests.get(name, {}), found)),
        tuple(name for name, found in new.digests.items() if set(found) - set(old.digests.get(name, ()))),
        tuple(name for name, found in old.digests.items() if set(found) - set(new.digests.get(name, ()))),
    )


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return any(old[dialect] != new[dialect] for dialect in set(old) & set(new))


def sentences(found: Difference, version: str) -> Iterator[str]:
    """What there is to say of a difference from the lock of a spec version."""
    for name in found.changed:
        yield f"{name}: what is asked, or the exact answer, is not what version {version} of the specs locked"
    for name in found.added:
        yield f"{name}: not locked yet; run `normcheck digests`"
    for name in found.removed:
        yield f"{name}: locked in version {version} and no longer there; run `normcheck digests`"


def read_lock(path: Path) -> Lock:
    """The lock in a file; one of no version and no case where there is none."""
    if not path.is_file():
        return Lock("", {})
    data = json.loads(path.read_text(encoding="utf-8"))
    return Lock(data["version"], data["digests"])


def text_of(lock: Lock) -> str:
    """The file's content: JSON with a line for each case, so that a difference of two versions can be read."""
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(lock.digests[name])}" for name in sorted(lock.digests))
    return f'{{\n  "version": {json.dumps(lock.version)},\n  "digests": {{\n{lines}\n  }}\n}}\n'


def _asked(case: Case, dialect: str) -> Iterator[bytes]:
    request = request_for(case, dialect)
    yield json.dumps([request.layer, request.dtype, request.shape, dict(request.arguments)], sort_keys=True).encode()
    for name in sorted(request.weights):
        yield from _sent(name, request.weights[name])
    for step in request.steps:
        yield f"{step.kind} {step.training} {step.learning_rate} {step.layout}".encode()
        yield from _sent("input", step.input)
        if step.upstream is not None:
            yield from _sent("upstream", step.upstream)
        if step.tangent is not None:
            yield from _sent(f"{step.derived} along", step.tangent)


def _sent(name: str, array: Array) -> Iterator[bytes]:
    yield f"{name} {array.dtype} {array.shape}".encode()
    yield array.data


def _answered(case: Case, dialect: str) -> Iterator[bytes]:
    with np.errstate(all="ignore"):
        for index, step in enumerate(steps_by(case, dialect, finely=True)):
            for name, values in (*_values(step), *_along(case, dialect, index, step)):
                yield f"{name} {values.shape}".encode()
                yield rounded(values).tobytes()


def _values(step: StepExpected) -> Iterator[tuple[str, Floats]]:
    if step.bounds is not None:
        yield from _outputs(step.bounds)
    for role in sorted(step.weights):
        yield role, step.weights[role].value.nearest


def _outputs(bounds: Answered) -> Iterator[tuple[str, Floats]]:
    for subject in bounds.subjects:
        yield subject.replace("gradient_", "gradient of "), bounds.exact(subject).nearest


def _along(case: Case, dialect: str, index: int, step: StepExpected) -> Iterator[tuple[str, Floats]]:
    """The derivatives in the direction that the step is asked for, where it is asked for any."""
    tangent = request_for(case, dialect).steps[index].tangent
    if tangent is None or step.bounds is None:
        return
    if not isinstance(step.bounds, Bounds):
        found = along(case, dialect, index, finely=True)
        for which in ("output_twice", *step.bounds.subjects):
            yield f"derivative of {which}", found.exact(which).nearest
        return
    known = derivatives(step.bounds.answer, values_of(tangent), finely=True)
    for one in DERIVATIVES:
        exact = getattr(known, one)
        if exact is not None:
            yield f"derivative of {one}", exact.nearest


def rounded(values: Floats) -> Floats:
    """`values` to 40 significant bits, little-endian, with one zero and one NaN; 0 below 2^-70 of the largest."""
    finite = np.abs(values[np.isfinite(values)])
    fraction, exponent = np.frexp(np.where(np.isnan(values), np.nan, values))
    kept = np.ldexp(np.rint(np.ldexp(fraction, SIGNIFICANT_BITS)), exponent - SIGNIFICANT_BITS)
    least = NOTHING * finite.max(initial=0.0)
    return np.where(np.abs(values) < least, 0.0, kept + 0.0).astype("<f8")
