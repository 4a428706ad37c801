"""Which of what frameworks export is covered by which cases: layers, their arguments, and aspects of layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from normcheck.adapters.interface import Export
from normcheck.specs.grammar import Argument, LayerSpec
from normcheck.specs.omissions import ArgumentOmission, AspectOmission, ExportOmission, Omissions
from normcheck.specs.values import per_dialect, same

from .case import Case
from .columns import COLUMNS

TARGETS = ("keras", "torch")
PATH = Path(__file__).parent / "exports.json"
NO_DEFAULT = object()
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
    """Surfaces as the committed file has them."""
    return json.dumps([asdict(surface) for surface in surfaces], indent=1) + "\n"


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
    for surface in surfaces:
        for export in surface.exports:
            asked = [case for case in cases if _is_of(case, export, surface.dialect)]
            yield _layer_item(surface.dialect, export, asked)
            spec = layers.get(export.layer or "")
            for own, meaning in export.arguments.items() if export.layer else ():
                yield _argument_item(surface.dialect, export, own, meaning, spec, asked)
    for dialect, layer in _subjects(surfaces):
        asked = [case for case in cases if case.layer == layer and _spoken(case, dialect)]
        for name, column in COLUMNS.items():
            item = Item("aspect", dialect, layer, name, why=f"no case of {layer} that {dialect} is asked has it")
            yield _counted(item, asked, column)


def _subjects(surfaces: Iterable[Surface]) -> dict[tuple[str, str], None]:
    return dict.fromkeys(
        (surface.dialect, export.layer) for surface in surfaces for export in surface.exports if export.layer
    )


def _counted(item: Item, cases: Iterable[Case], covers: Callable[[Case], bool]) -> Item:
    """`item` with the cases that cover it; it keeps what is missing only where there are none."""
    covering = [case for case in cases if covers(case)]
    if not covering:
        return item
    quick = [case for case in covering if not case.full]
    return replace(item, quick=len(quick), full=len(covering), first=(quick or covering)[0].id, why="")


def _spoken(case: Case, dialect: str) -> bool:
    return case.dialects is None or dialect in case.dialects


def _is_of(case: Case, export: Export, dialect: str) -> bool:
    """Whether a case asks for this export, and not for another form of its layer."""
    return (
        isinstance(case.spec, LayerSpec)
        and case.layer == export.layer
        and _spoken(case, dialect)
        and case.raises is None
        and (not export.ranks or len(case.shape) in export.ranks)
        and all(same(_value(case, name, dialect), value) for name, value in export.when.items())
    )


def _value(case: Case, name: str, dialect: str) -> Any:
    known = case.spec.arguments if isinstance(case.spec, LayerSpec) else {}
    return case.arguments.get(name, _default(known[name], dialect) if name in known else NO_DEFAULT)


def _default(argument: Argument, dialect: str) -> Any:
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
        default = _default(spec.arguments[meaning], dialect)
        return _counted(
            item, asked, lambda case: meaning in case.arguments and not same(case.arguments[meaning], default)
        )
    if meaning in spec.weights:
        return _counted(item, asked, lambda case: case.weights != "initial")
    return replace(item, why=f"the spec of {spec.layer} has no {meaning}")
