"""One entry for each changed behaviour, however many checks it shows in.

Two differences are one entry where their causes are the same: what was raised, in which phase, with which message but
for its figures; which parameter, weight, key or warning; for numbers, the layer, what was looked at, integers or not,
and whether they are whole, not finite, or of another dtype or shape. Rules make consequences part of their cause:

- In a case whose numbers moved, what was looked at first (dtype, output, state, gradient, derivatives, in this order)
  stands for the rest. Where a weight has another shape, it stands for values that cannot be assigned to it.
- Numbers that became whole ones, or were rounded to fewer bits, are one entry over all layers; so is every cause that
  does not name a layer.
- Where most of what moved in a dtype was rounded to fewer bits, what else moved further in this dtype and these layers
  follows from it: it overflows, underflows and cancels sooner.
- Where the numbers of a layer moved in more than half of its cases, that is one change, whatever each case shows of it.
- Otherwise broken numbers of a layer are parted where they share no requirement that fails.
- Rounding is one entry per layer, whatever dtype and mode. Where some checks use more of their bound and as many use
  less, that is rounding too. It joins the entry of the layer's numbers that moved further without a pattern.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .classes import KINDS, Kind, gravity
from .difference import Difference, Entry, Pair
from .numbers import CUT, OTHER, ROUNDING, UNCUT, UNITS, WHOLE
from .precision import NARROWED

FIRST = ("dtype", "output", "state", "gradient", "derivatives")
FOLLOWING = (
    *("relation", "invariance", "mask", "transplant", "training_agreement", "process_agreement", "device_agreement"),
    *("determinism", "repetition", "persistence"),
)
NUMERIC: tuple[Kind, ...] = ("broken", "silently-different", "accuracy-lost", "bits", "accuracy-gained")
ROUNDED: tuple[Kind, ...] = ("accuracy-lost", "bits", "accuracy-gained")
EVERYWHERE = {CUT: "whole", WHOLE: "whole", UNCUT: "no longer whole", NARROWED: NARROWED}
BALANCE = 2
FEW = 3
ALL = "in most cases"
Key = tuple[str, ...]


def entries(differences: Iterable[Difference], asked: Mapping[tuple[str, str], int]) -> tuple[Entry, ...]:
    """The differences by cause: the most serious class first, then what shows in most cases.

    asked: how many cases were compared, by `family` and layer, each as often as there are pairs.
    """
    found: dict[Key, list[Difference]] = {}
    for key, difference in keyed(list(differences)):
        found.setdefault(key, []).append(difference)
    found = joined(gathered(in_fewer_bits(found), asked))
    made = [entry(each) for key, whole in found.items() for each in parted(key, balanced(whole))]
    return tuple(sorted(made, key=lambda one: (gravity(one.kind), -one.cases, one.title)))


def keyed(differences: Sequence[Difference]) -> Iterator[tuple[Key, Difference]]:
    """Each difference with what it is grouped by: its own cause, or that of what leads among those of its case."""
    by_case: dict[tuple[str, str, str], list[Difference]] = {}
    for one in differences:
        by_case.setdefault((one.case, one.pair.after.id, _bucket(one.kind)), []).append(one)
    for together in by_case.values():
        numbers = [one for one in together if one.numbers]
        leading = _numeric(min(numbers, key=_place)) if numbers else ()
        shapes = next((one for one in together if one.aspect == "weights"), None)
        for one in together:
            if leading and (one.numbers or _follows(one, leading)):
                yield leading, one
            else:
                # Where a weight has another shape or name, values cannot be assigned to it as before.
                yield _other(shapes if shapes and one.phase == "assign" else one), one


def _follows(one: Difference, leading: Key) -> bool:
    """Whether numbers that moved explain what was seen elsewhere: never an exception, and rounding no lost verdict."""
    explained = one.kind in ROUNDED or leading[0] != "rounded"
    return one.aspect in FOLLOWING and not one.phase and explained


def _other(one: Difference) -> Key:
    """By class and cause; what was asked on one side alone is so whatever the target."""
    return one.cause if one.kind in ("added", "removed") else (_bucket(one.kind), family(one.pair), *one.cause)


def _bucket(kind: Kind) -> str:
    """Classes that one cause may have side by side, by one name."""
    return "numbers" if kind in NUMERIC else kind


def _place(one: Difference) -> tuple[bool, bool, int]:
    """What stands for a case: numbers that moved, with a pattern of their own, in the order of what is looked at."""
    aspect = one.cause[2] if len(one.cause) > 2 else one.aspect
    order = FIRST.index(aspect) if aspect in FIRST else len(FIRST)
    return one.kind in ROUNDED, one.cause[-1] not in EVERYWHERE, order


def _numeric(one: Difference) -> Key:
    looks = one.cause[-1]
    if one.kind in ROUNDED:
        return ("rounded", family(one.pair), one.layer)
    bucket = _bucket(one.kind)
    if looks in EVERYWHERE:
        return (bucket, family(one.pair), EVERYWHERE[looks])
    sort = "whole" if one.dtype and one.dtype not in UNITS else "floating"
    return (bucket, family(one.pair), sort, *one.cause[:-1], coarse(looks) if sort == "floating" else _of_whole(looks))


def coarse(looks: str) -> str:
    """What a change looks like as far as it tells one cause from another; the rest differs from case to case."""
    if "NaN" in looks or "infinit" in looks:
        return "not finite"
    return looks if looks.startswith(("dtype ", "another shape")) else OTHER


def _of_whole(looks: str) -> str:
    """As `coarse`, of integers and truth values: which of them came out in place of a floating dtype is no matter."""
    return "dtype" if looks.startswith("dtype …") else coarse(looks)


def family(pair: Pair) -> str:
    """The adapters of a pair."""
    return f"{pair.before.adapter}→{pair.after.adapter}"


def in_fewer_bits(found: Mapping[Key, list[Difference]]) -> dict[Key, list[Difference]]:
    """What moved in the dtypes and layers whose numbers were rounded to fewer bits, as one with that."""
    result = dict(found)
    for home in [key for key in found if key[0] == "numbers" and key[2:] == (NARROWED,)]:
        beside = [key for key in found if key[:3] == ("numbers", home[1], "floating")]
        for dtype in _named(one.dtype for one in found[home]):
            layers = {one.layer for one in found[home] if one.dtype == dtype}
            others = [one for key in beside for one in found[key] if one.dtype == dtype and one.layer in layers]
            if len(_shown(dtype, found[home])) > len(_shown(dtype, others)):
                result[home] = [*result[home], *others]
                for key in beside:
                    result[key] = [one for one in result[key] if one.dtype != dtype or one.layer not in layers]
    return {key: differences for key, differences in result.items() if differences}


def _shown(dtype: str, differences: Iterable[Difference]) -> set[tuple[str, str]]:
    """The cases of a dtype, each with its target, that show any of `differences`."""
    return {(one.case, one.pair.after.id) for one in differences if one.dtype == dtype}


def gathered(
    found: Mapping[Key, list[Difference]], asked: Mapping[tuple[str, str], int]
) -> dict[Key, list[Difference]]:
    """The numbers of a layer that moved in more than half of its cases, as one."""
    result: dict[Key, list[Difference]] = {}
    moved: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for key, differences in found.items():
        if _by_layer(key) and key[2] == "floating":
            cases = {(one.case, one.pair.after.id) for one in differences}
            moved.setdefault((key[1], key[4]), set()).update(cases)
    for key, differences in found.items():
        home = key
        if _by_layer(key):
            adapters, layer = key[1], key[4]
            most = len(moved.get((adapters, layer), ())) > max(FEW, asked.get((adapters, layer), 0) / 2)
            home = ("numbers", adapters, "floating", "numbers", layer, ALL) if most else key
        result.setdefault(home, []).extend(differences)
    return result


def _by_layer(key: Key) -> bool:
    """Whether a key is of numbers that moved without a pattern that goes over layers."""
    return key[0] == "numbers" and key[2] in ("floating", "whole") and len(key) > 4 and key[3] == "numbers"


def joined(found: Mapping[Key, list[Difference]]) -> dict[Key, list[Difference]]:
    """Rounding of a layer as a part of what moved further in it, in the same dtype and without a pattern of its own.

    Not where accuracy was gained: numbers that are better are not a part of others that are worse.
    """
    result = dict(found)
    for key in [key for key in found if key[0] == "rounded"]:
        _, adapters, layer = key
        homes = [
            other
            for other in found
            if other[:3] == ("numbers", adapters, "floating") and layer in other[3:] and other[-1] in (OTHER, ALL)
        ]
        usual = Counter(one.dtype for one in found[key]).most_common(1)[0][0]
        homes = [home for home in homes if usual in {one.dtype for one in result[home] if one.kind not in ROUNDED}]
        if len(homes) == 1 and not any(one.kind == "accuracy-gained" for one in balanced(found[key])):
            result[homes[0]] = [*result[homes[0]], *result.pop(key)]
    return result


def balanced(differences: Sequence[Difference]) -> list[Difference]:
    """Rounding moves some checks up and others down: then neither is lost or gained accuracy, but different bits."""
    counts = Counter(one.kind for one in differences)
    lost, gained = counts["accuracy-lost"], counts["accuracy-gained"]
    if not (lost and gained) or max(lost, gained) > BALANCE * min(lost, gained):
        return list(differences)
    return [replace(one, kind="bits") if one.kind in ROUNDED else one for one in differences]


def parted(key: Key, differences: Sequence[Difference]) -> list[list[Difference]]:
    """Broken numbers without a pattern of their own: one entry for those that share a requirement which fails."""
    if key[:1] + key[2:3] != ("numbers", "floating") or key[-1] != OTHER:
        return [list(differences)]
    cases: dict[str, set[str]] = {}
    for one in differences:
        cases.setdefault(one.case, set()).update(one.failed)
    groups: list[set[str]] = []
    for failed in cases.values():
        if failed:
            touching = [group for group in groups if group & failed]
            groups = [*(group for group in groups if group not in touching), failed.union(*touching)]
    if len(groups) < 2:
        return [list(differences)]
    # What shows no failed requirement stays with the largest.
    parts: list[list[Difference]] = [[] for _ in groups]
    for one in differences:
        at = next((i for i, group in enumerate(groups) if cases[one.case] & group), 0)
        parts[at].append(one)
    return [part for part in parts if part]


def entry(differences: Sequence[Difference]) -> Entry:
    """One entry. Its example shows the most serious class on the fewest numbers."""
    counted = Counter(one.kind for one in differences)
    kind = of_all(counted)
    example = min((one for one in differences if one.kind == kind), key=_telling)
    pairs = tuple({(one.pair.before.id, one.pair.after.id): one.pair for one in differences}.values())
    return Entry(
        kind=kind,
        title=title(kind, example, differences),
        example=example,
        differences=tuple(differences),
        counts={name: counted[name] for name in KINDS if counted[name]},
        layers=_named(one.layer for one in differences),
        dtypes=_named(one.dtype for one in differences),
        pairs=pairs,
        cases=len({one.case for one in differences if one.case}),
        aspects=_named(one.aspect for one in differences),
        commands=commands(example),
    )


def of_all(counts: Mapping[Kind, int]) -> Kind:
    """The most serious class; within rounding, lost or gained accuracy, if there is any, before other bits."""
    if set(counts) <= set(ROUNDED):
        return next(kind for kind in ("accuracy-lost", "accuracy-gained", "bits") if kind in counts)
    return min(counts, key=gravity)


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _telling(one: Difference) -> tuple[object, ...]:
    """Two values first, then the fewest numbers, float32, eager, and a stable order."""
    plain = one.pair.after.mode != "eager", one.dtype != "float32"
    known = not (one.before and one.after)
    order = FIRST.index(one.aspect) if one.aspect in FIRST else len(FIRST)
    return known, one.size or math.inf, *plain, order, len(one.case), one.case, one.aspect, one.subject


def title(kind: Kind, example: Difference, differences: Sequence[Difference]) -> str:
    """What changed, in a few words, with the layers it shows in."""
    layers = _named(one.layer for one in differences)
    where = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
    if kind in ("bits", "accuracy-lost", "accuracy-gained"):
        aspects = ", ".join(_named(one.aspect.replace("_", " ") for one in differences))
        words = {
            "bits": "other bits, within rounding",
            "accuracy-lost": "less accurate",
            "accuracy-gained": "more accurate",
        }
        return f"{where}: {aspects}: {words[kind]}"
    if example.numbers and kind in ("broken", "silently-different"):
        return f"{where}: {_moved(kind, example, differences)}"
    if example.aspect == "signature":
        others = len({one.subject for one in differences}) - 1
        return example.sentence + (f" So it is with {others} more." if others else "")
    return f"{where}: {example.sentence}" if where and not example.sentence.startswith(where) else example.sentence


def _moved(kind: Kind, example: Difference, differences: Sequence[Difference]) -> str:
    """What moved and what it looks like, the most frequent first, or the example's own words where it is alone."""
    shown = [one for one in differences if one.kind == kind and one.numbers]
    looks = Counter(
        one.cause[-1] for one in shown if one.cause[-1] not in (OTHER, ROUNDING) and "…" not in one.cause[-1]
    )
    if len(shown) == 1 or not looks:
        return example.sentence
    aspects = ", ".join(_named(one.aspect.replace("_", " ") for one in shown))
    words = "held and no longer do" if kind == "broken" else "are not what they were"
    common = "; ".join(f"{text} ({number:,})" for text, number in looks.most_common(3))
    return f"{aspects}: {len(shown):,} checks or arrays {words}: {common}"


def commands(example: Difference) -> tuple[str, str]:
    """What asks the case again, before and after: to be typed in an environment of either version."""
    if not example.case:
        return "", ""
    pair = example.pair
    return _command(pair.before.adapter, pair.before.mode, example.case), _command(
        pair.after.adapter, pair.after.mode, example.case
    )


def _command(adapter: str, mode: str, case: str) -> str:
    return f"pytest --pyargs normcheck.cases --target {adapter}:{mode} --case '{case}'"
