"""Records as they come in from elsewhere: cut short, in parts, of an older version, or none at all."""

from __future__ import annotations

from dataclasses import replace

from normcheck.reports.record import SCHEMA, Footer, Shard
from normcheck.reports.writing import encoded
from normcheck.tests import records

SCHEMA_1 = """\
{"kind":"header","schema_version":1,"run":"an-old-run","started":"2026-11-20T08:00:00+00:00","normcheck":"0.1.0",\
"spec_digest":"5f2c9a","platform":{"system":"Linux"},"options":["cases"],\
"layers":{"layer_normalization":"Layer normalization"},\
"requirements":{"LN-1":{"layer":"layer_normalization","level":"must",\
"sentence":"Each example is normalized by its own mean and variance.","source":"Ba, Kiros, Hinton 2016"}},"selected":2}
{"kind":"target","id":"torch-cpu-eager","title":"torch 2.9.0 · cpu · eager","adapter":"torch","dialect":"torch",\
"device":"cpu","mode":"eager","versions":{"torch":"2.9.0"},"threads":1,"python":"3.11.7","reason":""}
{"kind":"check","case":"layer_normalization/plain","layer":"layer_normalization","target":"torch-cpu-eager",\
"aspect":"output","subject":"","dtype":"float32","requirements":["LN-1"],"failed":[],"level":"must","outcome":"pass",\
"grade":"A","headroom":0.25,"worst":null,"symptom":"","message":"","cause":"","reproduce":"","fingerprint":"0a",\
"known":null,"seconds":0.01}
{"kind":"check","case":"layer_normalization/wide","layer":"layer_normalization","target":"torch-cpu-eager",\
"aspect":"output","subject":"","dtype":"float32","requirements":["LN-1"],"failed":["LN-1"],"level":"must",\
"outcome":"fail","grade":"F","headroom":40.0,"worst":{"index":[1],"got":"1.5","expected":"1.0","bound":"1e-06",\
"ulps":100.0,"first":[0],"around_got":["0.5 1.5"],"around_expected":["0.5 1.0"]},"symptom":"grade F",\
"message":"One element is off.","cause":"","reproduce":"pytest --case layer_normalization/wide","fingerprint":"0b",\
"known":null,"seconds":0.01}
{"kind":"claim","claim":"document-000/a","target":"torch-cpu-eager","verdict":"holds","evidence":["6 weights"]}
{"kind":"ledger","entry":"torch-1","problem":"matched nothing"}
{"kind":"footer","finished":"2026-11-20T08:01:00+00:00","complete":true,"reason":"","checks":2,"exit_status":1}
"""
"""Every line that the first schema knew, with every field written out, as its writer did."""

SCHEMA_2 = SCHEMA_1.replace('"schema_version":1', '"schema_version":2').replace(
    '{"kind":"claim"',
    """\
{"kind":"seen","case":"layer_normalization/wide","layer":"layer_normalization","target":"torch-cpu-eager",\
"request":"0c","arrays":[{"subject":"output","dtype":"float32","shape":[2],"fingerprint":"0b","values":["0.5","1.5"],\
"largest":1.5}]}
{"kind":"claim\"""",
)
"""The same with what a target was seen to do, which came with the second schema."""


def text_of(record):
    """A record as the text of its file."""
    lines = [record.header, *record.targets, *record.checks, *record.claims, *record.ledger_notes, record.footer]
    return "".join(f"{encoded(line)}\n" for line in lines if line is not None)


def cut_in_mid_write():
    """The whole lines of a run that was killed, and half of the next: no footer."""
    lines = text_of(records.full_run(per_cell=8)).splitlines(keepends=True)
    return "".join(lines[:60]) + lines[60][: len(lines[60]) // 2]


def killed():
    """A run in which a target's process died in one case, and ran out of time in another."""
    cases = {"crash": "The target ended with signal 11 (SIGSEGV).", "timeout": "No answer within 60 s."}
    lost = [
        records.check(f"layer_normalization/{outcome}", outcome, message=text, symptom=text)
        for outcome, text in cases.items()
    ]
    return records.record(records.check(headroom=0.1, grade="A"), *lost)


def shards():
    """Two parts of one run, each with a case of its own."""
    return [
        replace(
            records.record(records.check(f"layer_normalization/part-{number}", headroom=0.1, grade="A")),
            header=records.header(shard=Shard(number=number, of=2, items="0a"), selected=1),
            footer=Footer(finished="2026-11-20T08:01:00Z", complete=True, checks=1),
        )
        for number in (1, 2)
    ]


HEADER = text_of(records.record(targets=[])).splitlines()[0]
NONE = {
    "empty": (b"", "holds no whole line: expected a record, whose first line is a header."),
    "blank": (b"\n\n", "holds no whole line: expected a record"),
    "half-a-header": (HEADER[:90].encode(), "holds no whole line: expected a record"),
    "a-table": (b"case,outcome\na,pass\n", ", line 1: not JSON"),
    "a-page": (b"<!DOCTYPE html>\n<html>\n", ", line 1: not JSON"),
    "bytes": (bytes(range(256)) * 40, ", line 1: not JSON"),
    "other-json": (b'{"results": []}\n', ", line 1, field kind: None stands there; expected header, target"),
    "newer": (
        HEADER.replace(f'"schema_version":{SCHEMA}', '"schema_version":99').encode() + b"\n",
        f", line 1, field schema_version: 99 stands there, and this normcheck reads records up to {SCHEMA}; "
        "read it with a newer normcheck.",
    ),
    "two-in-one": (f"{HEADER}\n{HEADER}\n".encode(), ", line 2: a second header stands there; merge records with"),
    "torn-in-the-middle": (
        f'{HEADER}\n{{"kind":"check","ca\n{HEADER}\n'.encode(),
        ", line 2: not JSON",
    ),
    "a-long-line": (HEADER.encode() + b"\n" + b"x" * (2**20 + 9), ", line 2: longer than 1048576 bytes"),
}
"""Files that are no record that can be read, and what is said of each after its name."""
