"""Builds records for tests: small ones to the point, and one as large and mixed as a real run."""

from __future__ import annotations

from dataclasses import replace

from normcheck.reports.reading import Record
from normcheck.reports.record import (
    Check,
    ClaimText,
    ClaimVerdict,
    Footer,
    Header,
    LedgerNote,
    RequirementText,
    TargetLine,
    Worst,
)

LAYERS = {
    "layer_normalization": "Layer normalization",
    "rms_normalization": "Root mean square normalization",
    "batch_normalization": "Batch normalization",
    "group_normalization": "Group normalization",
    "feature_normalization": "Feature normalization",
}
TARGETS = (
    ("reference", "numpy", "reference-cpu-eager", "reference 1.0 · cpu · eager", {"numpy": "2.3.4"}, "keras"),
    ("torch", "torch", "torch-cpu-eager", "torch 2.13.0 · cpu · eager", {"torch": "2.13.0+cpu"}, "torch"),
    ("torch", "torch", "torch-cpu-compile", "torch 2.13.0 · cpu · compile", {"torch": "2.13.0+cpu"}, "torch"),
    (
        "keras",
        "keras",
        "keras-tensorflow-cpu-eager",
        "keras 3.15.1 on tensorflow 2.21.0 · cpu · eager",
        {"tensorflow": "2.21.0", "keras": "3.15.1"},
        "keras",
    ),
    (
        "keras",
        "keras",
        "keras-tensorflow-cpu-graph",
        "keras 3.15.1 on tensorflow 2.21.0 · cpu · graph",
        {"tensorflow": "2.21.0", "keras": "3.15.1"},
        "keras",
    ),
    (
        "keras",
        "keras",
        "keras-torch-cpu-eager",
        "keras 3.15.1 on torch 2.13.0 · cpu · eager",
        {"keras": "3.15.1"},
        "keras",
    ),
)


def header(**changes):
    values = {
        "run": "run-1",
        "started": "2026-11-20T08:00:00Z",
        "normcheck": "1.0.0",
        "spec_digest": "5f2c9a",
        "platform": {"system": "Linux 6.8 x86_64", "processor": "2 cores"},
        "layers": {"layer_normalization": "Layer normalization"},
        "requirements": {
            "LN-1": RequirementText(
                layer="layer_normalization",
                level="must",
                sentence="Each example is normalized by its own mean and variance.",
                source="Ba, Kiros, Hinton 2016",
            )
        },
    }
    return Header(**(values | changes))


def target(name="torch-cpu-eager", **changes):
    values = {
        "id": name,
        "title": "torch 2.13.0 · cpu · eager",
        "adapter": "torch",
        "dialect": "torch",
        "device": "cpu",
        "mode": "eager",
        "versions": {"torch": "2.13.0+cpu"},
    }
    return TargetLine(**(values | changes))


def check(case="layer_normalization/plain", outcome="pass", **changes):
    values = {
        "case": case,
        "layer": "layer_normalization",
        "target": "torch-cpu-eager",
        "aspect": "output",
        "dtype": "float32",
        "requirements": ["LN-1"],
        "outcome": outcome,
    }
    return Check(**(values | changes))


def failure(case="layer_normalization/plain", outcome="fail", **changes):
    values = {"failed": ["LN-1"], "symptom": "unbiased variance", "message": "The output is off by 1 %."}
    return check(case, outcome, **(values | changes))


def worst():
    return Worst(
        index=[3, 6],
        got="1.0801234",
        expected="1.0000001",
        bound="4.2e-07",
        ulps=671089.5,
        first=[2, 4],
        around_got=[
            "0.2160247 -0.4320494 0.6480741 0.8640988 -1.0801235",
            "-0.1080123 0.5400617 1.0801234 -0.2160247 0.7560864",
            "0.3240370 -0.7560864 0.9721111 0.1080123 0.5400617",
        ],
        around_expected=[
            "0.2000000 -0.4000000 0.6000000 0.8000000 -1.0000001",
            "-0.1000000 0.5000000 1.0000001 -0.2000000 0.7000000",
            "0.3000000 -0.7000000 0.9000000 0.1000000 0.5000000",
        ],
    )


def record(*checks, targets=None, **changes):
    """A complete record of `checks`."""
    values = {
        "header": header(),
        "targets": (target(),) if targets is None else tuple(targets),
        "checks": checks,
        "footer": Footer(finished="2026-11-20T08:01:00Z", complete=True, checks=len(checks)),
    }
    return Record(**(values | changes))


def cut(whole, reason=None):
    """The record of a run that was cut short: without a footer, or with one that says why."""
    footer = None if reason is None else whole.footer.model_copy(update={"complete": False, "reason": reason})
    return replace(whole, footer=footer)


def full_run(per_cell=170):
    """Six targets, five layers, about thirty times `per_cell` checks of every outcome."""
    targets = [
        target(name, title=title, adapter=adapter, dialect=dialect, versions=versions, python="3.11.7", threads=2)
        for adapter, _, name, title, versions, dialect in TARGETS
    ]
    missing = target(
        "jax-cpu-jit",
        title="jax · cpu · jit",
        adapter="jax",
        versions={},
        reason="No module named 'jax'",
        requested=False,
    )
    checks = [
        _drawn(layer, line.id, n, dialect=line.dialect) for line in targets for layer in LAYERS for n in range(per_cell)
    ]
    verdicts = [
        ClaimVerdict(claim=f"D0{d}-{n}", target=line.id, verdict=_verdict(n, line.id), evidence=["plain: passes"])
        for d in range(2)
        for n in range(1, 9)
        for line in targets
    ]
    return Record(
        header=header(
            run="2026-11-20-full",
            layers=LAYERS,
            requirements=_requirements(),
            claims=_claims(),
            options=["--target", "all"],
            selected=len(checks),
        ),
        targets=(*targets, missing),
        checks=tuple(checks),
        claims=tuple(verdicts),
        ledger_notes=(LedgerNote(entry="torch-gn-1", problem="matched no check in a full run: remove it"),),
        footer=Footer(finished="2026-11-20T08:09:00Z", complete=True, checks=len(checks), exit_status=1),
    )


def _requirements():
    return {
        f"{layer[:1].upper()}N-{n}": RequirementText(
            layer=layer,
            level="must" if n < 4 else "should",
            sentence=f"The {title.lower()} of an input keeps promise number {n} for every shape and dtype.",
            source="Ba, Kiros, Hinton 2016, https://arxiv.org/abs/1607.06450",
        )
        for layer, title in LAYERS.items()
        for n in range(1, 6)
    }


def _claims():
    return {
        f"D0{d}-{n}": ClaimText(
            document=f"document 00{d}",
            title="A guide to normalization layers",
            statement=f"Statement {n}: each example is normalized on its own, and not across the batch.",
        )
        for d in range(2)
        for n in range(1, 9)
    }


def _verdict(n, name):
    if n == 3 and name.startswith("torch"):
        return "refuted"
    return "cannot be told" if n == 5 and "compile" in name else "holds"


def _drawn(layer, name, n, dialect):
    aspect = ("output", "gradient", "weights", "state", "dtype", "determinism")[n % 6]
    dtype = ("float32", "float64", "bfloat16", "float16")[n % 4]
    features = (1, 2, 3, 7, 33, 1000)[n % 6]
    family = ("normal", "large-mean", "constant-rows", "outlier", "nan-row")[n % 5]
    values = {
        "case": f"{layer}/reductions-{n // 30}/features={features},input={family},dtype={dtype}",
        "layer": layer,
        "target": name,
        "aspect": aspect,
        "subject": "gamma" if aspect == "gradient" else "",
        "dtype": dtype,
        "requirements": [f"{layer[:1].upper()}N-{1 + n % 5}"],
        "outcome": "pass",
        "fingerprint": f"{len(layer) * 4096 + n:08x}",
        "seconds": 0.01 + n % 7 / 1000,
    }
    if aspect in ("output", "gradient", "state"):
        values |= {"headroom": (n * 37 % 101 / 110) ** 3, "grade": ("A", "A", "B", "A2", "C")[n % 5]}
    if layer == "feature_normalization" and dialect == "torch":
        return Check(
            **(
                values
                | {
                    "outcome": "unsupported",
                    "message": "torch has no feature normalization layer.",
                    "headroom": None,
                    "grade": None,
                }
            )
        )
    if n % 23 == 1 and name.startswith("torch") and aspect in ("output", "gradient", "state"):
        return Check(**(values | _wrong(values, layer, name)))
    if n % 41 == 2 and name.startswith("keras"):
        return Check(
            **(
                values
                | _wrong(values, layer, name)
                | {
                    "outcome": "known",
                    "known": "keras-bn-half",
                    "symptom": "half precision statistics",
                    "headroom": 3.0,
                }
            )
        )
    if n == 66 and "compile" in name:
        return Check(
            **(
                values
                | {
                    "outcome": "crash",
                    "symptom": "signal 11",
                    "message": "The target died of signal 11 (segmentation fault) in the call.",
                }
            )
        )
    if n == 67 and "graph" in name:
        return Check(
            **(
                values
                | {
                    "outcome": "timeout",
                    "symptom": "no answer in 60 s",
                    "message": "No answer came within 60 seconds.",
                }
            )
        )
    return Check(**values)


def _wrong(values, layer, name):
    return {
        "outcome": "fail",
        "failed": values["requirements"],
        "symptom": "unbiased variance",
        "grade": "F",
        "headroom": 190476.2,
        "worst": worst(),
        "message": f"{layer} on {name}: 42 of 42 elements of the output are outside the bound; "
        "the worst is off by 671,089.5 units in the last place.",
        "cause": "Every element is too large by sqrt(n / (n - 1)): the variance is divided by n - 1.",
        "reproduce": f"pytest --pyargs normcheck.cases --target {name} --case '{values['case']}'",
    }
