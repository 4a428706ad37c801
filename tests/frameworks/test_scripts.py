"""The script of a case prints what the target gave."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import encode
from normcheck.adapters.process.transport import Worker
from normcheck.adapters.targets import discover
from normcheck.cases.requests.ask import request_for
from normcheck.cases.scripts.script import script
from normcheck.cases.suite import suite

NUMBER = re.compile(r"(?<![\w.])-?(?:nan|inf|\d+\.?\d*(?:e[+-]\d+)?)")
CASES = {
    "keras:eager": [
        "batch_normalization/saved-after-training",
        "feature_normalization/saved-after-adapting/dtype=float32",
        "group_normalization/saved/dtype=bfloat16",
    ],
    "keras:xla": ["layer_normalization/compiled-dtypes/dtype=float16"],
    "torch:eager": [
        "layer_normalization/saved-with-several-axes",
        "batch_normalization/saved-after-training",
        "rms_normalization/saved/dtype=bfloat16",
        "weight_normalization/saved/dtype=float32",
    ],
}


@pytest.fixture(scope="module", params=CASES)
def target(request):
    (found,) = discover([request.param], ["cpu"]).targets
    with Worker(found) as worker:
        yield request.param, found, worker


def printed(path):
    """What a script prints."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False, env=clean)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("tensor(", "")


def numbers(text, label, like):
    """The first numbers behind a label, as an array like another one."""
    found = NUMBER.findall(text.partition(f"{label} ")[2])[: like.size]
    return encode(np.array(found, np.float64).reshape(like.shape), like.dtype)


def test_the_script_prints_the_outputs_that_the_target_gave(target, tmp_path):
    requested, one, worker = target
    for case in CASES[requested]:
        request = replace(request_for(suite().by_id[case], one.dialect), restore=(), repeat=False)
        path = tmp_path / "script.py"
        path.write_text(script(request, one.name, one.mode))
        worker.submit(request)
        seen = worker.receive(60)
        text = printed(path)
        given = [index for index, step in enumerate(request.steps) if step.kind == "call"]
        outputs = {index: seen.steps[index].output for index in given}
        assert {index: numbers(text, f"output {index}", one) for index, one in outputs.items()} == outputs, case
