"""Files that one target saves and another opens: the reference beside itself, and beside adapters with a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from normcheck.adapters.filing import Filing, filed
from normcheck.adapters.process.transport import Loss
from normcheck.adapters.process.wire import pack, unpack
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import discover
from normcheck.cases.requests.ask import request_for
from normcheck.cases.runs.opening import about_files, difference, opened, within
from normcheck.cases.runs.selection import Selection
from normcheck.cases.suite import suite

SAVED = "layer_normalization/saved-with-several-axes"
TRAINED = "batch_normalization/saved-after-training"


class Local:
    """A worker here, of an adapter or of a function that answers."""

    def __init__(self, adapter):
        self.answers, self.adapter = [], adapter

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, filing):
        self.answers.append(filing)

    def receive(self, limit):
        filing = unpack(pack(self.answers.pop(0)))
        return self.adapter(filing) if callable(self.adapter) else filed(self.adapter, filing)


@pytest.fixture(scope="module")
def pair():
    (one,) = discover(["reference"]).targets
    return one, replace(one, id="other")


def lines(pair, cases, *adapters, forms=("file",)):
    files = [(suite().by_id[case], form) for case in cases for form in forms]
    workers = {target.id: Local(adapter) for target, adapter in zip(pair, adapters, strict=True)}
    return list(opened(pair, files, 60.0, lambda number, of: None, lambda target: workers[target.id]))


def started(kind=ReferenceAdapter):
    adapter = kind()
    adapter.start()
    return adapter


def test_what_each_saves_the_other_opens_with_the_same_output(pair):
    found = lines(pair, [SAVED, TRAINED], started(), started(), forms=("file", "weights"))
    assert [(one.saved_by, one.opened_by) for one in found[:2]] == [(pair[0].id, "other"), ("other", pair[0].id)]
    assert {(one.phase, one.same, one.within, one.difference) for one in found} == {("", True, True, 0.0)}
    assert {(one.case, one.form) for one in found} == {(c, f) for c in (SAVED, TRAINED) for f in ("file", "weights")}


class Forgets(ReferenceAdapter):
    """Loads a layer without the statistics that it has kept."""

    def load(self, folder, request, how):
        layer = self.construct(request.layer, request.arguments, request.shape, request.dtype)
        self.build(layer, request.shape)
        return layer


class CannotLoad(ReferenceAdapter):
    def load(self, folder, request, how):
        raise KeyError("renorm")


class CannotSave(ReferenceAdapter):
    def save(self, layer, folder, how):
        raise OSError("no room")


class MakesNone(ReferenceAdapter):
    def construct(self, layer, arguments, shape, dtype):
        raise TypeError("no such argument")


def test_what_a_layer_has_kept_shows_in_the_output_of_the_one_that_lost_it(pair):
    theirs, mine = lines(pair, [TRAINED], started(), started(Forgets))
    assert (theirs.same, theirs.within) == (False, False)
    assert theirs.difference > 0.01
    assert mine.same


def test_what_cannot_be_opened_says_what_was_raised_and_the_other_way_is_untouched(pair):
    theirs, mine = lines(pair, [SAVED], started(), started(CannotLoad))
    assert (theirs.phase, theirs.types[0], theirs.message) == ("load", "KeyError", "'renorm'")
    assert (mine.opened_by, mine.same) == (pair[0].id, True)


def test_what_cannot_be_saved_is_told_and_is_not_asked_to_be_opened(pair):
    found = lines(pair, [SAVED], started(), started(CannotSave))
    assert [(one.saved_by, one.phase) for one in found] == [("other", "save"), (pair[0].id, "")]


def test_a_target_has_as_long_for_a_file_as_it_is_given(pair):
    given = []

    class Patient(Local):
        def receive(self, limit):
            given.append(limit)
            return super().receive(limit)

    list(opened(pair, [(suite().by_id[SAVED], "file")], 7.0, lambda *_: None, lambda _: Patient(started())))
    assert set(given) == {7.0}


def test_of_what_cannot_be_made_nothing_is_said(pair):
    (only,) = lines(pair, [SAVED], started(), started(MakesNone))
    assert (only.saved_by, only.phase, only.types[0]) == (pair[0].id, "load", "TypeError")


def test_of_what_is_not_offered_nothing_is_said(pair):
    assert lines(pair, [SAVED], started(), started(), forms=("legacy", "whole", "configuration")) == []


def test_a_target_that_is_lost_over_a_file_costs_that_file(pair):
    theirs, mine = lines(pair, [SAVED], started(), lambda filing: lost(filing) if filing.do == "open" else kept(filing))
    assert (theirs.phase, theirs.types, theirs.message) == ("load", ["crash"], "gone")
    assert mine.same


def lost(filing):
    return Loss("crash", filing.case, "gone")


def kept(filing):
    return filed(started(), filing)


def test_every_form_of_every_layer_is_tried_in_float32():
    (target,) = discover(["reference"]).targets
    files = about_files(suite().cases, (target, target), Selection())
    assert {case.dtype for case, _ in files} == {"float32"}
    assert {case.layer for case, _ in files} == set(suite().specs.layers)
    assert {form for _, form in files} == {"file", "weights", "legacy", "whole", "configuration"}
    assert {
        case.layer for case, _ in about_files(suite().cases, (target,), Selection(layers=("rms_normalization",)))
    } == {"rms_normalization"}


def test_outputs_agree_within_the_bound_or_not(tmp_path):
    case = suite().by_id[SAVED]
    request = replace(request_for(case, "keras"), restore=())
    output = filed(started(), Filing("save", request, str(tmp_path / "one"), "file")).steps[0].output
    values = bytearray(output.data)
    values[0] ^= 1
    last = replace(output, data=bytes(values))
    values[3] ^= 128
    other = replace(output, data=bytes(values))
    assert within(case, "keras", output, last)
    assert not within(case, "keras", output, other)
    assert 0 < difference(output, last) < 1e-6 < difference(output, other)
    assert (
        difference(output, replace(output, shape=output.shape[1:], data=output.data[: len(output.data) // 2])) is None
    )
