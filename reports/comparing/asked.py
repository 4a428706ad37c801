"""One case as both sides of a pair were asked it, with everything the records say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..reading import Record
from ..record import Check, Seen
from .classes import Kind
from .difference import Difference, Pair
from .numbers import count

FAMILIES: Mapping[str, str] = {
    "forward_mode": "derivatives",
    "second_order": "derivatives",
    "vectorized": "derivatives",
    "regularization": "state",
    "constraint": "state",
}
FIGURES = re.compile(r"0x[0-9a-f]+|[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?", re.IGNORECASE)
DTYPES = re.compile(r"\b(?:b?float|u?int)(?:8|16|32|64)\b|\bbool\b")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LONGEST = 2000
BRACES = re.compile(r"\{[^{}]*\}")
LISTS = re.compile(r"[\[(\s]*#[#\[\]()\s,.…]*")

Checks = Mapping[tuple[str, str], Check]


@dataclass(frozen=True, slots=True)
class Half:
    """What one record says of a case on a target. checks: by aspect and subject. seen: None where it has none."""

    checks: Checks = field(default_factory=dict)
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A case on a pair of targets. alike: both sides were judged by the same specs.

    terms: how many numbers the case's largest array has, 0 where that is not known.
    """

    pair: Pair
    case: str
    layer: str
    before: Half
    after: Half
    alike: bool

    @property
    def terms(self) -> int:
        """The size of the case."""
        sides = [half.seen for half in (self.before, self.after) if half.seen]
        return max((count(array) for seen in sides for array in seen.arrays), default=0)

    @property
    def dtype(self) -> str:
        """The case's dtype."""
        every = [*self.before.checks.values(), *self.after.checks.values()]
        return every[0].dtype if every else ""

    def difference(
        self,
        kind: Kind,
        aspect: str,
        subject: str,
        values: tuple[str, str],
        cause: Iterable[str],
        sentence: str,
        *,
        failed: Iterable[str] = (),
        numbers: bool = False,
        phase: str = "",
    ) -> Difference:
        """A difference of this case."""
        return Difference(
            kind=kind,
            layer=self.layer,
            case=self.case,
            pair=self.pair,
            aspect=aspect,
            subject=subject,
            before=values[0],
            after=values[1],
            cause=tuple(cause),
            sentence=sentence,
            dtype=self.dtype,
            size=self.terms,
            failed=tuple(failed),
            numbers=numbers,
            phase=phase,
        )


def halves(record: Record, target: str) -> dict[str, tuple[str, Half]]:
    """Layer and half of every case that a target was asked, by case."""
    checks: dict[str, dict[tuple[str, str], Check]] = {}
    layers: dict[str, str] = {}
    for check in record.checks:
        if check.target == target:
            checks.setdefault(check.case, {})[check.aspect, check.subject] = check
            layers[check.case] = check.layer
    seen = {line.case: line for line in record.seen if line.target == target}
    layers |= {line.case: line.layer for line in seen.values()}
    return {case: (layer, Half(checks.get(case, {}), seen.get(case))) for case, layer in layers.items()}


def family(aspect: str) -> str:
    """What an aspect is about, as it is grouped."""
    return FAMILIES.get(aspect, aspect)


def said(text: str, longest: int = 300) -> str:
    """`text` on one line, without colours of a terminal; of a long one its beginning and its end."""
    plain = " ".join(COLOURS.sub("", text).split())
    part = longest // 2
    return plain if len(plain) <= longest else f"{plain[: part - 3]} … {plain[-part:]}"


def alike(text: str, layer: str = "") -> str:
    """`text` without its figures, dtypes and the name of its `layer`, so that one message about several is one."""
    plain = said(text, LONGEST)
    for name in (layer, layer.replace("_", " ").title().replace(" ", "")) if layer else ():
        plain = plain.replace(name, "LAYER")
    while (inner := BRACES.sub("…", plain)) != plain:
        plain = inner
    return LISTS.sub(" # ", FIGURES.sub("#", DTYPES.sub("…", plain)))[:300].strip()
