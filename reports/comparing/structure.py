"""Everything of a case that is not a number: weights, counts, configuration, exceptions, warnings, what is offered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..record import Seen, SeenError, SeenWeight
from .asked import Asked, alike, said
from .classes import Kind
from .difference import Difference
from .outcomes import SHORT

Drawn = Collection[tuple[str, str]]


def differences(asked: Asked, drawn: Drawn, told: Collection[str], aspects: Collection[str]) -> Iterator[Difference]:
    """What both sides were seen to do otherwise.

    drawn: layer and name of the weights whose first values are drawn anew each time, which are not compared.
    told, aspects: the classes that the checks of this case have shown already, and the aspects that they were about.
    """
    old, new = asked.before.seen, asked.after.seen
    if old is None or new is None:
        return
    yield from _lost(asked, old, new, told)
    yield from _errors(asked, old, new, told)
    yield from _support(asked, old, new, told)
    if not (old.lost or new.lost):
        yield from _configuration(asked, old, new)
        yield from _weights(asked, old, new, drawn) if "weights" not in aspects else ()
        yield from _parameters(asked, old, new) if "parameters" not in aspects else ()


def _lost(asked: Asked, old: Seen, new: Seen, told: Collection[str]) -> Iterator[Difference]:
    if new.lost and not (old.lost or old.errors or "broken" in told):
        yield asked.difference(
            "broken",
            "error",
            "",
            ("an answer", new.lost),
            ("raises", new.lost, "", ""),
            f"What worked ends in a {new.lost}.",
        )


def _errors(asked: Asked, old: Seen, new: Seen, told: Collection[str]) -> Iterator[Difference]:
    """An exception that is new, gone, or another. What the checks say of it comes first."""
    if old.lost or new.lost:
        return
    was, now = ({error.subject: error for error in seen.errors} for seen in (old, new))
    for subject in dict.fromkeys([*was, *now]):
        before, after = was.get(subject), now.get(subject)
        if before and after:
            yield from _other_error(asked, subject, before, after)
        elif after and not {"broken", "fixed"} & set(told) and not _missing(old, subject):
            cause = ("raises", after.types[0], after.phase, alike(after.message, asked.layer))
            text = said(f"{after.types[0]}: {after.message}")
            yield asked.difference(
                "broken",
                "error",
                subject,
                ("no exception", text),
                cause,
                f"What worked raises in phase {after.phase}: {said(text, SHORT)}",
            )
        elif before and not {"broken", "fixed", "silently-different"} & set(told) and not _missing(new, subject):
            cause = ("no longer raises", before.types[0], before.phase, alike(before.message, asked.layer))
            text = said(f"{before.types[0]}: {before.message}")
            sentence = f"Raised {before.types[0]} in phase {before.phase}, and no longer does."
            yield asked.difference("interface", "error", subject, (text, "no exception"), cause, sentence)


def _missing(seen: Seen, subject: str) -> bool:
    """Whether a side says that it does not offer what was raised on the other."""
    return "layer" in seen.unsupported or (bool(seen.unsupported) if not subject else subject in seen.unsupported)


def _other_error(asked: Asked, subject: str, old: SeenError, new: SeenError) -> Iterator[Difference]:
    if (old.types[:1], old.phase) == (new.types[:1], new.phase):
        return
    values = tuple(f"{one.types[0] if one.types else 'an exception'} in phase {one.phase}" for one in (old, new))
    cause = ("raises otherwise", values[1], alike(new.message, asked.layer))
    sentence = f"Where {values[0]} was raised, {values[1]} is: {said(new.message, SHORT)}"
    yield asked.difference("interface", "error", subject, (values[0], values[1]), cause, sentence)


def _support(asked: Asked, old: Seen, new: Seen, told: Collection[str]) -> Iterator[Difference]:
    if {"newly-unsupported", "newly-supported"} & set(told):
        return
    for name in dict.fromkeys([*old.unsupported, *new.unsupported]):
        if (name in old.unsupported) == (name in new.unsupported):
            continue
        gone = name in new.unsupported
        if _ended(old if gone else new):
            continue
        reason = (new if gone else old).unsupported[name]
        kind: Kind = "newly-unsupported" if gone else "newly-supported"
        values = ("offered", "unsupported") if gone else ("unsupported", "offered")
        word = "no longer offered" if gone else "offered now"
        sentence = f"{asked.layer}: {name}: {said(reason, 200).rstrip('.')} — {word}."
        yield asked.difference(kind, name, "", values, ("support", alike(reason) or asked.layer), sentence)


def _ended(seen: Seen) -> bool:
    """Whether an exception or a loss kept a side from getting that far."""
    return bool(seen.lost) or any(not error.subject for error in seen.errors)


def _configuration(asked: Asked, old: Seen, new: Seen) -> Iterator[Difference]:
    if not (old.configuration and new.configuration):
        return
    added = [key for key in new.configuration if key not in old.configuration]
    gone = [key for key in old.configuration if key not in new.configuration]
    for word, keys in (("added", added), ("removed", gone)):
        if keys:
            names = ", ".join(keys)
            values = ("", names) if word == "added" else (names, "")
            sentence = f"Configuration keys {word}: {names}."
            yield asked.difference("interface", "configuration", "", values, ("configuration", word, names), sentence)


def _parameters(asked: Asked, old: Seen, new: Seen) -> Iterator[Difference]:
    if old.parameters is None or new.parameters is None or old.parameters == new.parameters:
        return
    words = tuple(f"{trainable} trainable, {rest} not" for trainable, rest in (old.parameters, new.parameters))
    sides = ["trainable" if old.parameters[0] != new.parameters[0] else "", ""]
    sides[1] = "not trainable" if old.parameters[1] != new.parameters[1] else ""
    cause = ("parameters", asked.layer, *filter(None, sides))
    yield asked.difference(
        "interface", "parameters", "", (words[0], words[1]), cause, f"Parameters: {words[0]}; now {words[1]}."
    )


def _weights(asked: Asked, old: Seen, new: Seen, drawn: Drawn) -> Iterator[Difference]:
    """Names, order, and each weight beside its counterpart: by name, or by place where names are others."""
    if not (old.weights or new.weights) or _unlisted(old) or _unlisted(new):
        return
    was, now = ([one.name for one in seen.weights] for seen in (old, new))
    if was != now:
        yield _named(asked, was, now)
    ours, theirs = {one.name: one for one in old.weights}, {one.name: one for one in new.weights}
    pairs = [(ours[name], theirs[name]) for name in was if name in theirs]
    if len(was) == len(now) and sorted(was) != sorted(now):
        pairs = list(zip(old.weights, new.weights, strict=True))
    for one, other in pairs:
        yield from _weight(asked, one, other, drawn)


def _unlisted(seen: Seen) -> bool:
    return "weights" in seen.unsupported or "layer" in seen.unsupported or (_ended(seen) and not seen.weights)


def _named(asked: Asked, was: list[str], now: list[str]) -> Difference:
    values = (", ".join(was) or "none", ", ".join(now) or "none")
    same = sorted(was) == sorted(now)
    word = "order" if same else "names"
    sentence = f"The {word} of the weights: {values[0]}; now {values[1]}."
    return asked.difference("interface", "weights", word, values, ("weights", word, *_ends(was, now)), sentence)


def _ends(was: list[str], now: list[str]) -> tuple[str, str]:
    """Names that are gone, and names that are new."""
    return ", ".join(name for name in was if name not in now), ", ".join(name for name in now if name not in was)


def _weight(asked: Asked, old: SeenWeight, new: SeenWeight, drawn: Drawn) -> Iterator[Difference]:
    facets: Mapping[str, tuple[str, str]] = {
        "shape": (str(old.shape), str(new.shape)),
        "dtype": (old.dtype, new.dtype),
        "trainable": (str(old.trainable), str(new.trainable)),
    }
    changed = {facet: values for facet, values in facets.items() if values[0] != values[1]}
    for facet, values in changed.items():
        exact = values if facet != "shape" else (asked.layer,)
        cause = ("weights", facet, old.name, *exact)
        sentence = f"The weight {old.name}: {facet} {values[0]}, now {values[1]}."
        yield asked.difference("interface", "weights", f"{old.name} {facet}", values, cause, sentence)
    if changed or old.fingerprint == new.fingerprint or (asked.layer, old.name) in drawn:
        return
    values = (" ".join(old.values[:4]) or "other bits", " ".join(new.values[:4]) or "other bits")
    cause = ("weights", "initial", asked.layer, old.name)
    sentence = f"The weight {old.name} of a new layer holds {values[1]}, and held {values[0]}."
    yield asked.difference("interface", "weights", f"{old.name} initial value", values, cause, sentence)


def drawn_anew(seen: Mapping[str, Seen]) -> set[tuple[str, str]]:
    """Layer and name of the weights that two new layers, asked the same, began with different values of.

    seen: by case, those of one target. Weights of cases with one request but for their inputs tell: the same shape and
    dtype, and other bits.
    """
    found: dict[tuple[str, str, str, str], set[str]] = {}
    for line in seen.values():
        for weight in line.weights:
            key = (line.layer, weight.name, str(weight.shape), weight.dtype)
            found.setdefault(key, set()).add(weight.fingerprint)
    return {(layer, name) for (layer, name, _, _), bits in found.items() if len(bits) > 3}
