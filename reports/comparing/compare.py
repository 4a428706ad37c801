"""Two records held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..reading import Record
from ..record import Header
from . import arrays, files, signatures, structure, warned
from .asked import Asked, Half, halves
from .classes import KINDS, Kind
from .difference import Compared, Comparison, Difference, Pair
from .grouping import entries, family
from .outcomes import matched
from .pairing import pairs

MOST_NAMED = 200
SEEN_IN_FULL = ("output", "gradient", "weights", "parameters", "state", "dtype", "error")


def compare(before: Record, after: Record, old: Sequence[str] = (), new: Sequence[str] = ()) -> Comparison:
    """What changed from `before` to `after`, which may be one record with two versions of each target.

    old, new: patterns of the ids of targets, to choose those of either side. Raises CompareError where nothing pairs.
    """
    paired, alone = pairs(before, after, old, new)
    found: list[Difference] = []
    compared, asked = Compared(), Counter[tuple[str, str]]()
    for pair in paired:
        differences, part, layers = compare_pair(before, after, pair)
        asked.update({(family(pair), layer): number for layer, number in layers.items()})
        found += differences
        compared = _added(compared, part)
    made = entries(found, asked)
    counts = Counter(entry.kind for entry in made)
    return Comparison(
        before=_described(paired, 0),
        after=_described(paired, 1),
        pairs=paired,
        entries=made,
        compared=compared,
        notes=(*_notes(before, after), *alone, *_spec_notes(compared)),
        counts={kind: counts[kind] for kind in KINDS if counts[kind]},
    )


def compare_pair(before: Record, after: Record, pair: Pair) -> tuple[list[Difference], Compared, Counter[str]]:
    """The differences of one pair of targets, how much was compared, and how many cases of each layer."""
    old, new = halves(before, pair.before.id), halves(after, pair.after.id)
    drawn = drawn_anew(old) | drawn_anew(new)
    same = alike(before.header, after.header)
    both = [Asked(pair, case, old[case][0], old[case][1], new[case][1], same) for case in old if case in new]
    otherwise = [asked.case for asked in both if not same_question(asked)]
    asked_alike = [asked for asked in both if same_question(asked)]
    found: list[Difference] = []
    judged: list[str] = []
    for asked in asked_alike:
        differences, elsewhere = of_case(before, after, asked, drawn)
        found += differences
        judged += [asked.case] if elsewhere else []
    moved = {one.case for one in found if one.numbers and one.kind in ("broken", "silently-different")}
    seen = [[half.seen for _, half in side.values() if half.seen] for side in (old, new)]
    if all(seen):
        found += warned.differences(asked_alike, *seen)
    found += [*signatures.differences(before, after, pair), *files.differences([before, after], pair, moved)]
    found += one_sided(pair, old, new)
    layers = Counter(asked.layer for asked in asked_alike)
    return found, _counted(asked_alike, otherwise, judged), layers


def of_case(before: Record, after: Record, asked: Asked, drawn: set[tuple[str, str]]) -> tuple[list[Difference], bool]:
    """The differences of one case; and whether some were left out because only the judgement changed."""
    numeric = list(arrays.differences(asked))
    kept = [one for one in numeric if asked.alike or not _judgement(before, after, asked, one)]
    told, aspects = {one.kind for one in kept}, {one.aspect for one in kept}
    return [*kept, *structure.differences(asked, drawn, told, aspects)], len(kept) < len(numeric)


def alike(before: Header, after: Header) -> bool:
    """Whether both records were judged by the same specs and the same normcheck."""
    return (before.spec_digest, before.normcheck) == (after.spec_digest, after.normcheck)


def same_question(asked: Asked) -> bool:
    """Whether both sides were asked the same, as far as the records say."""
    old, new = asked.before.seen, asked.after.seen
    return old is None or new is None or old.request == new.request


def _judgement(before: Record, after: Record, asked: Asked, one: Difference) -> bool:
    """Whether the specs changed and not the target: it did the same to the bit, or requirements say something else."""
    if one.kind not in ("broken", "fixed", "accuracy-lost", "accuracy-gained", "silently-different"):
        return False
    old, new = asked.before.seen, asked.after.seen
    if old and new and one.aspect in SEEN_IN_FULL:
        return (_facts(asked.before), _bits(asked.before)) == (_facts(asked.after), _bits(asked.after))
    pair = [check for half in (asked.before, asked.after) if (check := half.checks.get((one.aspect, one.subject)))]
    texts = [
        {name: header.requirements.get(name) for name in check.requirements}
        for check, header in zip(pair, (before.header, after.header), strict=False)
    ]
    same_bits = len(pair) == 2 and pair[0].fingerprint and pair[0].fingerprint == pair[1].fingerprint
    return bool(same_bits) or (len(texts) == 2 and texts[0] != texts[1])


def _facts(half: Half) -> object:
    return half.seen.model_dump(exclude={"target"}) if half.seen else None


def _bits(half: Half) -> dict[tuple[str, str], str]:
    return {key: check.fingerprint for key, check in half.checks.items() if check.fingerprint}


def drawn_anew(asked: Mapping[str, tuple[str, Half]]) -> set[tuple[str, str]]:
    """The weights whose first values are drawn at random, by layer and name."""
    return structure.drawn_anew({case: half.seen for case, (_, half) in asked.items() if half.seen})


def one_sided(
    pair: Pair, old: Mapping[str, tuple[str, Half]], new: Mapping[str, tuple[str, Half]]
) -> Iterator[Difference]:
    """The cases that one side alone was asked."""
    sides: tuple[tuple[Kind, Mapping[str, tuple[str, Half]], Mapping[str, tuple[str, Half]]], ...] = (
        ("added", new, old),
        ("removed", old, new),
    )
    for kind, mine, others in sides:
        values, when = (("not asked", "asked"), "after") if kind == "added" else (("asked", "not asked"), "before")
        for case, (layer, _) in mine.items():
            if case not in others:
                yield Difference(
                    kind, layer, case, pair, "case", "", *values, (kind,), f"Asked {when} alone, and not compared."
                )


def _counted(asked: Sequence[Asked], otherwise: Sequence[str], judged: Sequence[str]) -> Compared:
    both = [pair for each in asked for pair in arrays.counterparts(each)]
    return Compared(
        cases=len(asked),
        checks=sum(1 for each in asked for _ in matched(each)),
        arrays=len(both),
        same=sum(one.fingerprint == other.fingerprint for one, other in both),
        asked_otherwise=tuple(otherwise),
        judged_otherwise=tuple(judged),
    )


def _added(one: Compared, other: Compared) -> Compared:
    return replace(
        one,
        cases=one.cases + other.cases,
        checks=one.checks + other.checks,
        arrays=one.arrays + other.arrays,
        same=one.same + other.same,
        asked_otherwise=(*one.asked_otherwise, *other.asked_otherwise)[:MOST_NAMED],
        judged_otherwise=(*one.judged_otherwise, *other.judged_otherwise)[:MOST_NAMED],
    )


def _described(paired: Iterable[Pair], side: int) -> str:
    """`keras 3.8.0`: the versions of one side that differ; its titles where none does."""
    lines = [(pair.before, pair.after)[side] for pair in paired]
    versions = [f"{name} {both[side]}" for pair in paired for name, both in pair.versions.items() if both[side]]
    return ", ".join(dict.fromkeys(versions or [line.title for line in lines]))


def _notes(before: Record, after: Record) -> Iterator[str]:
    for word, record in (("before", before), ("after", after)):
        if before is after and word == "after":
            continue
        if not record.complete:
            yield f"The record {word if before is not after else ''} is not complete: {record.shortfall}.".replace(
                "  ", " "
            )
        for line in record.targets:
            if line.reason and line.requested:
                yield f"{line.id} could not be had: {line.reason.rstrip('.')}."
    if not (before.seen and after.seen):
        yield (
            "Not both records hold what each target was seen to do, so outcomes, headroom and fingerprints alone are "
            "compared; run with --observations for weights, configuration, exceptions, warnings and unjudged numbers."
        )
    if not alike(before.header, after.header):
        yield "The records were judged by different specs; what only the specs changed is left out of the differences."


def _spec_notes(compared: Compared) -> Iterator[str]:
    for cases, words in (
        (compared.asked_otherwise, "asked otherwise after than before, since the specs changed, and not compared"),
        (compared.judged_otherwise, "judged otherwise, since the specs changed; what the target did is the same"),
    ):
        if cases:
            more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
            several = "cases are" if len(cases) > 1 else "case is"
            yield f"{len(cases)} {several} {words}: {', '.join(cases[:3])}{more}."
