"""What each version exports, and the signatures of it."""

from __future__ import annotations

from collections.abc import Iterator

from ..reading import Record
from ..record import Interface, Parameter
from .classes import Kind
from .difference import Difference, Pair


def differences(before: Record, after: Record, pair: Pair) -> Iterator[Difference]:
    """Every export that appeared, went, or takes other parameters."""
    old = {line.name: line for line in before.interfaces if line.target == pair.before.id}
    new = {line.name: line for line in after.interfaces if line.target == pair.after.id}
    if not (old and new):
        return
    for name in dict.fromkeys([*old, *new]):
        if name in old and name in new:
            yield from _parameters(pair, old[name], new[name])
        else:
            yield _export(pair, old.get(name) or new[name], name in old)


def _difference(
    kind: Kind,
    pair: Pair,
    export: Interface,
    subject: str,
    values: tuple[str, str],
    cause: tuple[str, ...],
    sentence: str,
) -> Difference:
    return Difference(
        kind=kind,
        layer=export.layer or export.name,
        case="",
        pair=pair,
        aspect="signature",
        subject=subject,
        before=values[0],
        after=values[1],
        cause=("signature", *cause),
        sentence=sentence,
    )


def _export(pair: Pair, export: Interface, gone: bool) -> Difference:
    kind: Kind = "newly-unsupported" if gone else "newly-supported"
    values = (export.name, "not exported") if gone else ("not exported", export.name)
    sentence = f"{export.name} is {'no longer' if gone else 'now'} exported."
    return _difference(kind, pair, export, export.name, values, ("export", export.layer or export.name), sentence)


def _parameters(pair: Pair, old: Interface, new: Interface) -> Iterator[Difference]:
    was, now = ({one.name: one for one in line.parameters} for line in (old, new))
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            text = f"parameter {_shown(was[name])} is gone"
            yield _difference(
                "interface", pair, new, f"{new.name} {name}", (_shown(was[name]), ""), (text,), _of(new, text)
            )
        elif name not in was:
            text = f"parameter {_shown(now[name])} is new"
            yield _difference(
                "interface", pair, new, f"{new.name} {name}", ("", _shown(now[name])), (text,), _of(new, text)
            )
        elif was[name] != now[name]:
            values = (_shown(was[name]), _shown(now[name]))
            text = f"parameter {values[0]} is now {values[1]}{_kinds(was[name], now[name])}"
            yield _difference("interface", pair, new, f"{new.name} {name}", values, (text,), _of(new, text))
    orders = [[name for name in names if name in was and name in now] for names in (was, now)]
    if orders[0] != orders[1]:
        values = (", ".join(orders[0]), ", ".join(orders[1]))
        text = f"the parameters stand in the order {values[1]}, and stood in {values[0]}"
        yield _difference("interface", pair, new, f"{new.name} order", values, (text,), _of(new, text))


def _shown(one: Parameter) -> str:
    return one.name if one.default is None else f"{one.name}={one.default}"


def _kinds(old: Parameter, new: Parameter) -> str:
    return f" ({old.kind}, now {new.kind})" if old.kind != new.kind else ""


def _of(export: Interface, text: str) -> str:
    return f"{export.name}: {text}."
