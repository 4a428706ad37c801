"""An answer whose bounds come from running error analysis, as an `Answered`; the formulas are in `unit` and `response`.

    A   C(u) + half an ulp of the output dtype at |exact| + C
    A2  A + 2 (2 u_o W + eta L), as in `bounds`: two more roundings in the storage dtype
    B1  with sums that slide along, where a formula has such, otherwise A
    B   B1 with the two roundings
    C   A2 with the output dtype's u_o for u

A sum that slides along is corrected by what enters and leaves it, and keeps the roundings of all that went before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats
from ..arithmetic.formats import Format, format_of
from ..arithmetic.running import Rounding
from ..judgement.causes import Suspect, explained
from .answered import Flags, Masks, Subject, kept

VAGUE = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One subject of an answer.

    error: C of an arithmetic, with sums that slide along (true) or are taken anew. weight, least: W and L above.
    reached: depends on nothing outside the domain. missing, infinite: must be NaN, must be NaN or infinite.
    scale: against what an error counts as large.
    """

    exact: Exact
    error: Callable[[Rounding, bool], Floats]
    weight: Floats
    least: Floats
    reached: Flags
    missing: Flags
    infinite: Flags
    scale: Floats


@dataclass(frozen=True, eq=False)
class Worked:
    """An `Answered`: parts by subject. suspects: what mistakes would have given, in the shape of the subject."""

    dtype: str
    parts: Mapping[Subject, Part]
    suspects: Callable[[Subject], Iterator[Suspect]]
    _kept: dict[tuple[str, str], Floats] = field(default_factory=dict, repr=False)

    @property
    def format(self) -> Format:
        """The dtype computed and answered in."""
        return format_of(self.dtype)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The output, and the gradients that were asked for."""
        return tuple(self.parts)

    def part(self, subject: Subject) -> Part:
        """One subject. Raises ValueError for a gradient that was not asked for."""
        if subject not in self.parts:
            raise ValueError(f"the problem has no {subject}; give it an upstream gradient")
        return self.parts[subject]

    def exact(self, subject: Subject) -> Exact:
        """The exact array."""
        return self.part(subject).exact

    def tolerance(self, subject: Subject, grade: Grade) -> Floats:
        """The bound of a grade."""
        return kept(self._kept, (subject, grade), lambda: self._tolerance(self.part(subject), grade))

    def _tolerance(self, part: Part, grade: Grade) -> Floats:
        form = self.format
        rounding = Rounding(form.u_output if grade == "C" else form.u, form.smallest_normal)
        c = np.broadcast_to(part.error(rounding, grade in ("B1", "B")), part.exact.shape)
        t = c + 0.5 * form.ulp(np.abs(part.exact.nearest) + c)
        if grade in ("A", "B1"):
            return t
        return t + 2 * (2 * form.u_output * part.weight + form.smallest_subnormal * part.least)

    def masks(self, subject: Subject) -> Masks:
        """Numbers in the domain, and what no finite number can come of."""
        part, form = self.part(subject), self.format
        with np.errstate(all="ignore"):
            size = np.abs(part.exact.nearest)
            held = size + self.tolerance(subject, "A") < form.maximum + form.ulp(np.asarray(form.maximum))
            judged = part.reached & (size <= form.maximum) & held & ~part.missing
        return Masks(judged, part.missing, part.infinite)

    def proves_nothing(self) -> bool:
        """Whether half the output's bounds or more exceed 1e-2 of what the output's scale is."""
        part, judged = self.parts["output"], self.masks("output").judged
        telling = judged & (part.scale > 0)
        if not telling.any():
            return False
        return bool(np.median(self.tolerance("output", "A")[telling] / part.scale[telling]) > VAGUE)

    def cause(self, subject: Subject, got: NDArray[Any]) -> str:
        """A sentence that names the mistake which explains `got`, or an empty one."""
        return explained(self, subject, got, self.suspects(subject))

    def gradient_of(self, role: str) -> Subject:
        """The gradient of a weight."""
        return f"gradient_{role}"
