"""The floating-point formats: what a dtype accumulates in, and what it can hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .exact import Floats


@dataclass(frozen=True, slots=True)
class Format:
    """A dtype that is computed and answered in.

    u, smallest_normal, largest: unit roundoff, smallest normal and largest number of the dtype it
    accumulates in (float32 for the 16-bit ones). digits, exponent, maximum: significant bits, the
    smallest normal number's exponent and the largest number of the dtype itself.
    """

    u: float
    smallest_normal: float
    largest: float
    digits: int
    exponent: int
    maximum: float

    @property
    def u_output(self) -> float:
        """The unit roundoff of the dtype itself."""
        return 2.0**-self.digits

    @property
    def smallest_subnormal(self) -> float:
        """The smallest positive number of the dtype itself."""
        return 2.0 ** (self.exponent - self.digits + 1)

    def ulp(self, magnitudes: Floats) -> Floats:
        """The distance between neighbouring numbers of the dtype at these magnitudes; NaN and inf stay."""
        smallest_normal = 2.0**self.exponent
        _, exponents = np.frexp(np.maximum(magnitudes, smallest_normal))
        return np.where(np.isfinite(magnitudes), np.ldexp(1.0, exponents - self.digits), magnitudes)


_WIDE = (2.0**-24, 2.0**-126, (2 - 2.0**-23) * 2.0**127)
_FLOAT32 = Format(*_WIDE, 24, -126, _WIDE[2])
_FORMATS = {
    "float16": Format(*_WIDE, 11, -14, 65504.0),
    "bfloat16": Format(*_WIDE, 8, -126, (2 - 2.0**-7) * 2.0**127),
    "float32": _FLOAT32,
    "float64": Format(2.0**-53, 2.0**-1022, (2 - 2.0**-52) * 2.0**1023, 53, -1022, (2 - 2.0**-52) * 2.0**1023),
}


def format_of(dtype: str) -> Format:
    """The format of a floating dtype. Raises KeyError for another one."""
    return _FORMATS[dtype]
