"""The options of a run, as pytest's command line has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

FOLDER = "normcheck-report"
SEVERAL: Mapping[str, Any] = {"action": "append", "default": []}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--target": {
        **SEVERAL,
        "metavar": "TARGET",
        "help": "judge this target: an adapter's name "
        "(torch), a mode of it (torch:compile), a file (my_layers.py), package.module:Adapter, or any of these with "
        "@path/to/python or @ssh:host, +4threads to compute with four, and #2 for a second process of it; may be "
        "repeated (default: every adapter whose framework is installed)",
    },
    "--device": {
        **SEVERAL,
        "metavar": "DEVICE",
        "help": "judge on this device only: cpu, cuda, mps, xpu, tpu; may be repeated (default: every device found)",
    },
    "--case": {
        **SEVERAL,
        "metavar": "ID",
        "dest": "cases",
        "help": "ask the cases whose id matches this pattern only, those of the full list too; may be repeated",
    },
    "--layer": {
        **SEVERAL,
        "metavar": "NAME",
        "dest": "layers",
        "help": "ask the cases of this layer only (layer_normalization); may be repeated",
    },
    "--aspect": {
        **SEVERAL,
        "metavar": "NAME",
        "dest": "aspects",
        "help": "judge this aspect only (gradient), in the cases that look at it; may be repeated",
    },
    "--full": {
        "action": "store_true",
        "help": "ask every case (default: the quick list, which leaves out what is marked as full, and has of "
        "each sweep as many cases as it takes for every two values to meet)",
    },
    "--ledger": {
        **SEVERAL,
        "metavar": "FILE",
        "help": "a ledger of your own, beside normcheck's",
    },
    "--record": {
        "metavar": "FILE",
        "help": f"where the record goes (default: {FOLDER}/TIME.jsonl); the page goes beside it, with the ending "
        ".html; in a clone, write --record=FILE for a file outside of it, whose folder pytest takes for the root "
        "otherwise",
    },
    "--onnx": {
        "action": "store_true",
        "help": "ask ONNX's own backend node cases too; needs the package onnx (`pip install normcheck[onnx]`)",
    },
    "--shard": {
        "default": "",
        "metavar": "N/OF",
        "help": "run one part of the items, 2/5 the second of five; `normcheck merge` joins the records of all parts",
    },
    "--workers": {
        "type": int,
        "default": 1,
        "metavar": "N",
        "help": "processes of each target that share its cases (default: %(default)s); -n of pytest-xdist, "
        "in place of it, shares the judging too",
    },
    "--observations": {
        "action": "store_true",
        "help": "write into the record what each target did, too, and not only how it was judged: "
        "`normcheck compare` needs it",
    },
    "--baseline": {
        "metavar": "FILE",
        "help": "hold the run against this file, which `normcheck baseline` made, and fail where anything changed of "
        "the classes in --baseline-fail-on; implies --observations",
    },
    "--baseline-fail-on": {
        "default": "",
        "metavar": "CLASSES",
        "help": "classes of `normcheck compare` with commas, or none (default: those of `normcheck compare`)",
    },
    "--in-process": {
        "action": "store_true",
        "help": "run targets in pytest's own process, for a debugger",
    },
    "--case-timeout": {
        "type": float,
        "default": 60.0,
        "metavar": "SECONDS",
        "help": "the longest a target may take for one case (default: %(default)s)",
    },
    "--memory-limit": {
        "type": int,
        "default": 8192,
        "metavar": "MIB",
        "help": "the most memory a target on the cpu may take "
        "beyond what its framework needs to start (default: %(default)s)",
    },
}


def add_options(parser: pytest.Parser) -> None:
    """Add every option of normcheck to pytest's."""
    group = parser.getgroup("normcheck", "normcheck: conformance of normalization layers")
    for name, given in OPTIONS.items():
        group.addoption(name, **given)
