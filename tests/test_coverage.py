"""What counts as covered, what an omission leaves out, and what the command says of both."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from normcheck.adapters.interface import Export
from normcheck.cases.coverage import matrix as covering
from normcheck.cases.coverage.matrix import Surface, coverage, read_surfaces, text_of
from normcheck.cases.coverage.text import data, page, table, totals
from normcheck.cases.suite import suite
from normcheck.commands import main
from normcheck.specs.omissions import Omissions, read_omissions
from normcheck.specs.source import SpecError

NOTHING = Omissions(exports=[], arguments=[], columns=[])


def surface(*exports, dialect="torch"):
    return Surface("toy", dialect, {"toy": "1.0"}, exports)


def found(*exports, dialect="torch", cases=None, omissions=NOTHING):
    known = suite()
    asked = known.cases if cases is None else cases
    return coverage([surface(*exports, dialect=dialect)], asked, known.specs.layers, omissions)


def item(coverage, name, of=None):
    (one,) = (one for one in coverage.items if one.name == name and of in (None, one.of))
    return one


def layer(arguments=None, name="toy.Norm", layer="layer_normalization", **more):
    return Export(name, layer, arguments or {}, **more)


def left_out(**lists):
    return Omissions.model_validate({"exports": [], "arguments": [], "columns": []} | lists)


def test_a_layer_is_covered_by_the_cases_of_its_spec_in_its_dialect():
    covered = item(found(layer()), "layer_normalization", "toy.Norm")
    assert covered.state == "covered"
    assert 0 < covered.quick <= covered.full
    assert covered.first.startswith("layer_normalization/")


def test_a_layer_that_the_adapter_does_not_know_is_a_gap_and_its_arguments_are_not_asked_for():
    items = found(layer({"size": None}, layer=None)).items
    assert [(one.kind, one.state, one.why) for one in items] == [("layer", "gap", "the adapter does not know it")]


def test_a_layer_without_a_spec_is_a_gap_with_all_its_arguments():
    items = found(layer({"size": "size"}, layer="sorting")).items
    assert {one.state for one in items} == {"gap"}
    assert {one.kind for one in items} == {"layer", "argument", "aspect"}


@pytest.mark.parametrize(
    ("meaning", "state"),
    [
        ("epsilon", "covered"),
        ("gamma", "covered"),
        ("input", "covered"),
        ("shape", "covered"),
        ("training", "covered"),
        ("momentum", "gap"),
        (None, "gap"),
    ],
)
def test_an_argument_is_covered_as_what_it_stands_for(meaning, state):
    assert item(found(layer({"own": meaning, "eps": "epsilon"})), "own").state == state


def test_an_argument_at_its_default_in_the_dialect_is_not_varied():
    cases = [one for one in suite().cases if one.layer == "layer_normalization" and not one.raises]
    torch_default = [replace(one, arguments={"epsilon": 1e-5}) for one in cases]
    export = layer({"eps": "epsilon"})
    assert item(found(export, cases=torch_default), "eps").state == "gap"
    assert item(found(export, cases=torch_default, dialect="keras"), "eps").state == "covered"


def test_an_error_case_covers_no_argument():
    cases = [one for one in suite().cases if one.layer == "layer_normalization" and one.raises]
    export = layer({"eps": "epsilon", "own": "axis"})
    assert {one.state for one in found(export, cases=cases).items if one.kind == "argument"} == {"gap"}


def test_a_case_of_another_rank_or_form_does_not_cover():
    known = [one for one in suite().cases if one.layer == "batch_normalization"]
    flat = [one for one in known if len(one.shape) == 2]
    export = layer({"m": "momentum", "eps": "epsilon"}, layer="batch_normalization", ranks=(4,))
    assert item(found(export, cases=known), "batch_normalization", "toy.Norm").state == "covered"
    assert item(found(export, cases=flat), "batch_normalization", "toy.Norm").state == "gap"
    form = layer({"eps": "epsilon", "c": "center"}, layer="batch_normalization", when={"scale": False})
    chosen = item(found(form, cases=known), "batch_normalization", "toy.Norm")
    assert 0 < chosen.full < len(known)


def test_a_case_on_the_full_list_alone_is_not_counted_as_quick():
    cases = [replace(one, full=True) for one in suite().cases]
    covered = item(found(layer(), cases=cases), "layer_normalization", "toy.Norm")
    assert (covered.quick, covered.state) == (0, "covered")


def test_a_case_with_an_argument_that_the_export_does_not_have_is_not_of_it():
    constrained = layer({"limit": "gamma_constraint", "scale": "scale"})
    assert item(found(constrained), "constraint", "layer_normalization").state == "covered"
    assert item(found(layer({"eps": "epsilon"})), "constraint", "layer_normalization").state == "gap"


def test_an_omission_gives_a_gap_its_reason():
    omissions = left_out(
        exports=[{"names": ["toy.Old*"], "reason": "It is deprecated."}],
        arguments=[{"of": ["toy.*"], "arguments": ["device"], "reason": "It is the target's."}],
        columns=[{"layers": ["layer*"], "dialects": ["torch"], "columns": ["constraint"], "reason": "There are none."}],
    )
    both = found(layer({"device": None}), layer(name="toy.OldNorm", layer=None), omissions=omissions)
    assert item(both, "device").why == "It is the target's."
    assert item(both, "", "toy.OldNorm").why == "It is deprecated."
    assert item(both, "constraint").state == "omitted"
    assert both.stale == ()
    assert both.count("omitted") == 3


@pytest.mark.parametrize(
    "lists",
    [
        {"exports": [{"names": ["toy.Norm"], "reason": "It is covered."}]},
        {"exports": [{"names": ["toy.Gone"], "reason": "It is gone now."}]},
        {"arguments": [{"of": ["toy.Norm"], "arguments": ["eps"], "reason": "It is covered."}]},
        {"arguments": [{"of": ["toy.Norm"], "arguments": ["size"], "reason": "There is none."}]},
        {"columns": [{"layers": ["*"], "columns": ["output"], "reason": "It is covered."}]},
        {"columns": [{"layers": ["*"], "dialects": ["onnx"], "columns": ["constraint"], "reason": "Not asked."}]},
    ],
)
def test_an_omission_that_no_gap_needs_is_stale(lists):
    sentence, *_ = found(layer({"eps": "epsilon"}), omissions=left_out(**lists)).stale
    assert sentence.endswith("take it out")


def test_one_stale_name_among_others_is_found():
    lists = {"exports": [{"names": ["toy.Old", "toy.Older"], "reason": "They are deprecated."}]}
    (sentence,) = found(layer(name="toy.Old", layer=None), omissions=left_out(**lists)).stale
    assert "'toy.Older'" in sentence


def test_an_omission_needs_a_reason(tmp_path):
    path = tmp_path / "omissions.yaml"
    path.write_text("exports:\n  - names: [a]\narguments: []\ncolumns: []\n")
    with pytest.raises(SpecError, match=r"omissions.yaml:2:.*reason"):
        read_omissions(path)


def test_surfaces_come_back_from_their_file(tmp_path):
    surfaces = (surface(layer({"a": "b", "c": None}, ranks=(2, 3), when={"x": True})),)
    path = tmp_path / "exports.json"
    path.write_text(text_of(surfaces))
    assert read_surfaces(path) == surfaces


def test_the_texts_say_where_each_item_stands():
    export = layer({"eps": "epsilon", "device": None, "size": None})
    omissions = left_out(arguments=[{"of": ["*"], "arguments": ["device"], "reason": "It is the target's."}])
    covered = found(export, omissions=omissions)
    for text in (table(covered, [surface(export)]), page(covered, [surface(export)])):
        assert "toy (toy 1.0): 1 name" in text
        assert "left out: It is the target's." in text
        assert "GAP: the adapter does nothing with it" in text
        assert totals(covered) in text
    assert totals(covered).startswith(f"{covered.count('covered')} of {len(covered.items)} ")
    assert data(covered, [])["totals"]["gap"] == covered.count("gap")


def test_what_frameworks_export_is_covered_or_left_out_with_a_reason():
    known = suite()
    committed = coverage(read_surfaces(), known.cases, known.specs.layers, read_omissions())
    assert committed.stale == ()
    assert [
        f"{one.name} of {one.of} in {one.dialect}: {one.why}" for one in committed.items if one.state == "gap"
    ] == []


def run(*words):
    return CliRunner().invoke(main, ["coverage", *words])


def test_the_command_tells_gaps_by_its_status(monkeypatch, tmp_path):
    path = tmp_path / "exports.json"
    monkeypatch.setattr(covering, "PATH", path)
    monkeypatch.setattr(covering, "read_surfaces", lambda: read_surfaces(path))
    path.write_text(text_of([replace(surface(layer({"eps": "epsilon"})), target="torch")]))
    result = run("--committed", "--target", "torch", "--json")
    gaps = json.loads(result.stdout)["totals"]["gap"]
    assert result.exit_code == (1 if gaps else 0)
    path.write_text(text_of([replace(surface(layer({"eps": "epsilon"}, layer=None)), target="torch")]))
    result = run("--committed", "--target", "torch")
    assert result.exit_code == 1
    assert "GAP (layer, torch): toy.Norm: the adapter does not know it" in result.stdout


def test_the_command_asks_a_target_that_is_installed(tmp_path):
    adapter = tmp_path / "toy.py"
    adapter.write_text(
        "from normcheck.adapters.interface import Adapter as Base, Export\n"
        "class Adapter(Base):\n"
        "    def exports(self):\n"
        "        return [Export('toy.Norm', 'layer_normalization', {'size': None})]\n"
    )
    result = run("--target", str(adapter))
    assert "GAP (argument, keras): size of toy.Norm: the adapter does nothing with it" in result.stdout
    result = run("--target", "no-such-target")
    assert result.exit_code == 2
    assert "no-such-target" in result.stderr
