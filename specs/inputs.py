"""Checks of the inputs of cases: every input has a shape, is an array of numbers, and is not too large."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, get_args

from .grammar import CaseSpec, ClaimCase, ErrorSpec, StepSpec, SweepSpec
from .sentences import listed, suggestion
from .source import Field, Problem, shown
from .values import array_misfit, extent, shape_misfit, size_misfit
from .vocabulary import MAXIMUM_ELEMENTS, DType, Family, Layout, Precision

SWEPT_FIELDS = ("shape", "input", "dtype", "training", "layout", "precision", "threads")
FAMILIES: tuple[str, ...] = get_args(Family)
DTYPES: tuple[str, ...] = get_args(DType)
LAYOUTS: tuple[str, ...] = get_args(Layout)
PRECISIONS: tuple[str, ...] = get_args(Precision)
NAMED = {
    "input": (FAMILIES, "input family"),
    "dtype": (DTYPES, "dtype"),
    "layout": (LAYOUTS, "layout"),
    "precision": (PRECISIONS, "precision"),
}
FEWEST_AXES = {"transposed": 2, "strided": 1, "reversed": 1, "channels-last": 3, "broadcast": 1}


def input_problems(path: Field, case: CaseSpec | ErrorSpec) -> Iterator[Problem]:
    """What is wrong with the inputs and shapes of one case, sweep or error."""
    local = [*_own_problems(path, case)]
    yield from local
    if isinstance(case, CaseSpec) and not local and not (isinstance(case, ClaimCase) and case.model):
        yield from _combination_problems(path, case)


def _own_problems(path: Field, case: CaseSpec | ErrorSpec) -> Iterator[Problem]:
    """What can be said of each value alone."""
    holders: list[tuple[Field, Any]] = [(path, case)]
    if isinstance(case, CaseSpec):
        holders += [((*path, "steps", index), step) for index, step in enumerate(case.steps or [])]
    for here, holder in holders:
        for field in ("shape", "call_shape"):
            shape = getattr(holder, field, None)
            sentence = size_misfit(tuple(shape)) if shape is not None else None
            if sentence:
                yield Problem((*here, field), sentence)
        sentence = array_misfit(holder.input) if isinstance(holder.input, list) else None
        if sentence:
            yield Problem((*here, "input"), sentence)
    if isinstance(case, SweepSpec):
        yield from _swept_problems(path, case)
    elif isinstance(case, ClaimCase) and isinstance(case.dtype, list):
        yield Problem((*path, "dtype"), "a case of a document has one dtype")
    expected = case.expect.output if isinstance(case, CaseSpec) and case.expect else None
    sentence = array_misfit(expected) if expected is not None else None
    if sentence:
        yield Problem((*path, "expect", "output"), sentence)


def _swept_problems(path: Field, sweep: SweepSpec) -> Iterator[Problem]:
    if isinstance(sweep.dtype, list):
        yield Problem((*path, "dtype"), "a sweep has its list of dtypes under `over`")
    for field in SWEPT_FIELDS:
        if field not in sweep.over:
            continue
        if field in sweep.model_fields_set:
            yield Problem((*path, "over"), f"{field!r} stands beside `over` as well; give it once", field)
        for index, value in enumerate(sweep.over[field]):
            sentence = _swept_misfit(field, value)
            if sentence:
                yield Problem((*path, "over", field, index), sentence)


def _swept_misfit(field: str, value: Any) -> str | None:
    if field == "shape":
        return shape_misfit(value)
    if field == "training":
        return None if value is None or isinstance(value, bool) else f"{shown(value)} is not true, false or null"
    if field == "threads":
        fits = type(value) is int and 1 <= value <= 64
        return None if fits else f"{shown(value)} is no number of threads from 1 to 64"
    if field == "input" and isinstance(value, list):
        return array_misfit(value)
    known, what = NAMED[field]
    if value in known:
        return None
    near = suggestion(value, known) if isinstance(value, str) else ""
    article = "an" if what[0] in "aeiou" else "a"
    return f"{shown(value)} is not {article} {what}: {listed(known)}{near}"


def _combination_problems(path: Field, case: CaseSpec) -> Iterator[Problem]:
    """What can be said of an input together with its shape, for every input and shape swept over."""
    over = case.over if isinstance(case, SweepSpec) else {}
    steps = case.steps or [StepSpec()]
    swept = (over.get(field, [getattr(case, field)]) for field in ("shape", "input", "layout"))
    for shape, values, layout in itertools.product(*swept):
        total = 0
        for index, step in enumerate(steps):
            here = (*path, "steps", index) if case.steps and step.input is not None else path
            given = values if step.input is None else step.input
            lengths = shape if step.shape is None else step.shape
            if isinstance(given, str) and lengths is None:
                yield Problem(here, f"the input {given!r} is a family and needs a `shape`")
                return
            if isinstance(given, list) and lengths is not None and tuple(lengths) != extent(given):
                yield Problem(here, f"the shape {shown(lengths)} is not that of the input, {list(extent(given))}")
                return
            lengths = extent(given) if isinstance(given, list) else lengths or ()
            beyond = [axis for axis in case.dynamic if not 0 <= axis < len(lengths)]
            if beyond:
                yield Problem((*path, "dynamic"), f"{beyond[0]} names no axis of a shape {shown(list(lengths))}")
                return
            if len(lengths) < FEWEST_AXES.get(step.layout or layout, 0):
                yield Problem(here, f"an input of shape {shown(list(lengths))} cannot be {step.layout or layout}")
                return
            total += math.prod(lengths)
        if total > MAXIMUM_ELEMENTS:
            yield Problem(
                path,
                f"{total} elements in all steps are more than the {MAXIMUM_ELEMENTS} that a case may have",
            )
            return
