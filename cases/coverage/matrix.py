"""Which of what frameworks export is covered by which cases: layers, their arguments, and aspects of layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from normcheck.adapters.interface import Export
from normcheck.specs.grammar import LayerSpec
from normcheck.specs.omissions import ArgumentOmission, AspectOmission, ExportOmission, Omissions
from normcheck.specs.values import per_dialect, same

from ..case import Case
from .columns import COLUMNS

ELSEWHERE = ("tf_keras", "tf.keras", "tfa", "onnxruntime")
TARGETS = ("keras", "keras-ops", "tf-nn", "torch", "torch-functional", "flax", "flax-linen", *ELSEWHERE)
PATH = Path(__file__).parent / "exports.json"
NO_DEFAULT = object()
OF_THE_INPUT = ("batched",)
"""What a case says of its input under `arguments`, and no constructor takes."""
AnyOmission = ExportOmission | ArgumentOmission | AspectOmission
# Of which items an omission may speak, and which field of an item each of its fields is about.
KINDS: Mapping[type[AnyOmission], tuple[str, ...]] = {
    ExportOmission: ("layer", "argument"),
    ArgumentOmission: ("argument",),
    AspectOmission: ("aspect",),
}
FIELDS: Mapping[type[AnyOmission], Mapping[str, str]] = {
    ExportOmission: {"names": "of"},
    ArgumentOmission: {"of": "of", "arguments": "name"},
    AspectOmission: {"layers": "of", "dialects": "dialect", "columns": "name"},
}


@dataclass(frozen=True, slots=True)
class Surface:
    """What a target exports: its name, its dialect, the versions of what it needs, and the exports."""

    target: str
    dialect: str
    versions: Mapping[str, str]
    exports: tuple[Export, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be covered.

    of: the name of an export, for aspects of a layer. name: of an argument or a column; of a layer's spec, where the
        export has one. quick, full: how many cases cover it on the two lists; first: the id of the first.
    why: the reason for which it is left out, or, of a gap, what is missing; empty where it is covered.
    """

    kind: Literal["layer", "argument", "aspect"]
    dialect: str
    of: str
    name: str
    quick: int = 0
    full: int = 0
    first: str = ""
    why: str = ""
    omitted: bool = False

    @property
    def state(self) -> Literal["covered", "omitted", "gap"]:
        """Where it stands."""
        return "covered" if self.full else "omitted" if self.omitted else "gap"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every item, and the omissions that nothing needs, each as a sentence."""

    items: tuple[Item, ...]
    stale: tuple[str, ...]

    def count(self, state: str, kind: str | None = None) -> int:
        """How many items are in a state."""
        return sum(item.state == state and kind in (None, item.kind) for item in self.items)


def read_surfaces(path: Path = PATH) -> tuple[Surface, ...]:
    """The committed surfaces. Raises OSError where there is no such file."""
    return tuple(
        Surface(
            target=entry["target"],
            dialect=entry["dialect"],
            versions=entry["versions"],
            exports=tuple(Export(**{**one, "ranks": tuple(one["ranks"])}) for one in entry["exports"]),
        )
        for entry in json.loads(path.read_text(encoding="utf-8"))
    )


def text_of(surfaces: Iterable[Surface]) -> str:
    """Surfaces as the committed file has them: without the signatures, of which it says the names."""
    entries = [asdict(surface) for surface in surfaces]
    for export in (one for entry in entries for one in entry["exports"]):
        del export["signature"]
    return json.dumps(entries, indent=1) + "\n"


def coverage(
    surfaces: Sequence[Surface], cases: Sequence[Case], layers: Mapping[str, LayerSpec], omissions: Omissions
) -> Coverage:
    """What of `surfaces` is covered by `cases`, with the reasons of `omissions` for what is not."""
    entries: list[AnyOmission] = [*omissions.exports, *omissions.arguments, *omissions.columns]
    items = [*_items(surfaces, cases, layers)]
    gaps = [item for item in items if item.state == "gap"]
    stale = [sentence for entry in entries for sentence in _stale(entry, gaps)]
    return Coverage(tuple(_settled(item, entries) for item in items), tuple(stale))


def _settled(item: Item, entries: Iterable[AnyOmission]) -> Item:
    """`item`, with the reason of the first omission that is about it, where it is a gap."""
    reasons = [entry.reason for entry in entries if item.state == "gap" and _omits(entry, item)]
    return replace(item, why=reasons[0], omitted=True) if reasons else item


def _stale(entry: AnyOmission, gaps: Iterable[Item]) -> Iterator[str]:
    """The names and patterns of an omission that no gap needs."""
    about = [item for item in gaps if _omits(entry, item)]
    for field, attribute in FIELDS[type(entry)].items():
        for pattern in getattr(entry, field) or ():
            if not any(fnmatchcase(getattr(item, attribute), pattern) for item in about):
                yield f"no gap needs {pattern!r} in the omission because {entry.reason!r}: take it out"


def _omits(entry: AnyOmission, item: Item) -> bool:
    """Whether an omission speaks of an item: in each of its fields, one pattern fits."""
    return item.kind in KINDS[type(entry)] and all(
        any(fnmatchcase(getattr(item, attribute), pattern) for pattern in getattr(entry, field) or ["*"])
        for field, attribute in FIELDS[type(entry)].items()
    )


def _items(surfaces: Sequence[Surface], cases: Sequence[Case], layers: Mapping[str, LayerSpec]) -> Iterator[Item]:
    subjects: dict[tuple[str, str], dict[str, Case]] = {}
    for surface in surfaces:
        for export in surface.exports:
            asked = [case for case in cases if _is_of(case, export, surface.dialect)]
            valid = [case for case in asked if case.raises is None]
            yield _layer_item(surface.dialect, export, valid)
            if export.layer is None:
                continue
            subjects.setdefault((surface.dialect, export.layer), {}).update({case.id: case for case in asked})
            for own, meaning in export.arguments.items():
                yield _argument_item(surface.dialect, export, own, meaning, layers.get(export.layer), valid)
    for (dialect, layer), of_layer in subjects.items():
        for name, column in COLUMNS.items():
            item = Item("aspect", dialect, layer, name, why=f"no case of {layer} that {dialect} is asked has it")
            yield _counted(item, of_layer.values(), column)


def _counted(item: Item, cases: Iterable[Case], covers: Callable[[Case], bool]) -> Item:
    """`item` with the cases that cover it; it keeps what is missing only where there are none."""
    covering = [case for case in cases if covers(case)]
    if not covering:
        return item
    quick = [case for case in covering if not case.full]
    return replace(item, quick=len(quick), full=len(covering), first=(quick or covering)[0].id, why="")


def _is_of(case: Case, export: Export, dialect: str) -> bool:
    """Whether a case asks for this export: for its form of the layer, and with no argument that it does not have."""
    if not isinstance(case.spec, LayerSpec) or case.layer != export.layer:
        return False
    if case.dialects is not None and dialect not in case.dialects:
        return False
    if export.ranks and len(case.shape) not in export.ranks:
        return False
    wrong = case.raises is not None
    known = {*export.arguments.values(), *export.when, *OF_THE_INPUT}
    return all(wrong or name in known for name in case.arguments if _varies(case, name, dialect)) and all(
        same(_value(case, name, dialect), value) for name, value in export.when.items()
    )


def _varies(case: Case, name: str, dialect: str) -> bool:
    """Whether a case gives an argument another value than its default in a dialect."""
    return name in case.arguments and not same(case.arguments[name], _default(case, name, dialect))


def _value(case: Case, name: str, dialect: str) -> Any:
    if isinstance(case.spec, LayerSpec) and name not in case.spec.arguments:
        return False  # a form of the layer that its spec knows nothing of, and so never asks for
    return case.arguments[name] if name in case.arguments else _default(case, name, dialect)


def _default(case: Case, name: str, dialect: str) -> Any:
    argument = case.spec.arguments.get(name) if isinstance(case.spec, LayerSpec) else None
    if argument is None:
        return NO_DEFAULT
    return argument.default.get(dialect, NO_DEFAULT) if per_dialect(argument) else argument.default


def _layer_item(dialect: str, export: Export, asked: Sequence[Case]) -> Item:
    missing = f"no spec has a case for {export.layer}" if export.layer else "the adapter does not know it"
    return _counted(Item("layer", dialect, export.name, export.layer or "", why=missing), asked, lambda case: True)


def _argument_item(
    dialect: str, export: Export, own: str, meaning: str | None, spec: LayerSpec | None, asked: Sequence[Case]
) -> Item:
    item = Item("argument", dialect, export.name, own)
    if meaning is None:
        return replace(item, why="the adapter does nothing with it")
    if spec is None:
        return replace(item, why=f"there is no spec of {export.layer}")
    item = replace(item, why=f"no case of {spec.layer} gives {meaning} a value other than its default in {dialect}")
    if meaning in ("input", "shape"):
        return _counted(item, asked, lambda case: True)
    if meaning == "training":
        return _counted(item, asked, lambda case: any(step.training for step in case.steps))
    if meaning in spec.arguments:
        return _counted(item, asked, lambda case: _varies(case, meaning, dialect))
    if meaning in spec.weights:
        return _counted(item, asked, lambda case: case.weights != "initial")
    return replace(item, why=f"the spec of {spec.layer} has no {meaning}")
