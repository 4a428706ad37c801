"""Records of two versions for the tests of comparisons: what one target did before, and after."""

from __future__ import annotations

import hashlib
import math

from normcheck.reports.comparing.compare import compare
from normcheck.reports.record import Interface, Opened, Parameter, Seen, SeenArray, SeenError, SeenWeight
from normcheck.tests import records

OLD, NEW = "3.8.0", "3.15.1"


def line(version, mode="eager", **changes):
    """A target of one version of Keras, called by its version."""
    values = {
        "id": f"keras-{version}-cpu-{mode}",
        "title": f"keras {version} · cpu · {mode}",
        "adapter": "keras",
        "dialect": "keras",
        "mode": mode,
        "versions": {"tensorflow": "2.21.0", "keras": version},
    }
    return records.target(**(values | changes) | {"name": (values | changes)["id"]})


def bits(*parts):
    return hashlib.blake2b(repr(parts).encode(), digest_size=6).hexdigest()


def array(values, subject="output", step=0, dtype="float32", shape=None):
    finite = [abs(value) for value in values if math.isfinite(value)]
    return SeenArray(
        subject=subject,
        step=step,
        dtype=dtype,
        shape=[len(values)] if shape is None else list(shape),
        fingerprint=bits(dtype, *values),
        values=[repr(value) for value in values],
        largest=max(finite, default=None),
    )


def weight(name, values=(1.0,), **changes):
    fields = {"dtype": "float32", "shape": [len(values)], "trainable": True}
    return SeenWeight(
        name=name, fingerprint=bits(*values), values=[repr(value) for value in values], **(fields | changes)
    )


def seen(case="layer_normalization/plain", target="", request="asked", **changes):
    return Seen(case=case, layer=case.split("/")[0], target=target, request=request, **changes)


def error(name="ValueError", phase="call", message="no such axis", subject=""):
    return SeenError(subject=subject, phase=phase, types=[name, "Exception"], message=message)


def judged(of, case="layer_normalization/plain", outcome="pass", **changes):
    """A check of the array `of`, which is found again by its bits."""
    values = {
        "layer": case.split("/")[0],
        "aspect": "output",
        "grade": "A",
        "headroom": 0.05,
        "fingerprint": of.fingerprint,
    }
    return records.check(case, outcome, **(values | changes))


def version(of, *facts, mode="eager", header=None, **changes):
    """A record of one version. facts: checks, what was seen, signatures and files, whatever target they name."""
    there = line(of, mode)
    named = [fact if isinstance(fact, Opened) else fact.model_copy(update={"target": there.id}) for fact in facts]
    checks = [fact for fact in named if fact.kind == "check"]
    return records.record(
        *checks,
        targets=[there],
        header=header or records.header(),
        seen=tuple(fact for fact in named if fact.kind == "seen"),
        interfaces=tuple(fact for fact in named if fact.kind == "interface"),
        opened=tuple(fact for fact in named if fact.kind == "opened"),
        **changes,
    )


def compared(before, after):
    """What the facts `before` and the facts `after` differ in."""
    return compare(version(OLD, *before), version(NEW, *after))


def entry(before, after):
    """The one entry that they differ in."""
    (found,) = compared(before, after).entries
    return found


def interface(name="keras.layers.LayerNormalization", *parameters, layer="layer_normalization", **defaults):
    listed = [Parameter(name=one) for one in parameters]
    listed += [Parameter(name=one, default=repr(value)) for one, value in defaults.items()]
    return Interface(target="", name=name, layer=layer, parameters=listed)


def opened(saved=OLD, by=NEW, case="layer_normalization/saved", form="file", **changes):
    fields = {"saved_by": line(saved).id, "opened_by": line(by).id, "form": form, "same": True, "within": True}
    return Opened(case=case, layer=case.split("/")[0], **(fields | changes))
