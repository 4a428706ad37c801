"""The page shows what was found, loads nothing, and runs nothing that a record brings along."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from normcheck.reports.described import ArgumentText, CaseText, ScriptText, SpecText, StepText
from normcheck.reports.page import render, write_page
from normcheck.reports.power import caught, spared
from normcheck.reports.record import (
    Check,
    ClaimText,
    ClaimVerdict,
    Footer,
    Header,
    KnownText,
    LedgerNote,
    RequirementText,
    TargetLine,
    Worst,
)
from normcheck.tests import records

EVIL = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\x00\x1b\u202e"
VOID = {"meta", "input", "br", "link", "img", "line", "rect", "path"}
MADE = {"case", "cell", "requirement"}


class Page(HTMLParser):
    """What a browser would make of a page: tags with their attributes, and the texts of elements by tag."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.texts = {}
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag] = self.texts.get(tag, "") + data

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


BLANK = Page(render(records.record(targets=[])))


def unpacked(text):
    """The page's data, as its script unpacks them."""
    found = re.search(r'<script type="application/octet-stream" id="data">([A-Za-z0-9+/=]*)</script>', text)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def filled(text):
    """The page with the views in it that its script puts there."""
    for name, view in unpacked(text)["views"].items():
        empty = f'<div id="{name}"></div>'
        assert empty in text
        text = text.replace(empty, f'<div id="{name}">{view}</div>')
    return text


def listed(text):
    """The rows of the list of all checks."""
    data = unpacked(text)
    columns = {name: [one["values"][place] for place in one["at"]] for name, one in data["columns"].items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="module")
def whole():
    return records.full_run(per_cell=100)


@pytest.fixture(scope="module")
def text(whole):
    return render(whole)


@pytest.fixture(scope="module")
def page(text):
    return Page(filled(text))


def hostile():
    """A record with markup wherever a text can stand."""
    argument = ArgumentText(type=EVIL, defaults={EVIL: EVIL}, description=EVIL)
    header = Header(
        run=EVIL,
        started=EVIL,
        normcheck=EVIL,
        spec_digest=EVIL,
        platform={EVIL: EVIL},
        options=[EVIL],
        layers={EVIL: EVIL},
        requirements={EVIL: RequirementText(layer=EVIL, level=EVIL, sentence=EVIL, source=EVIL)},
        specs={EVIL: SpecText(definition=EVIL, arguments={EVIL: argument})},
        claims={EVIL: ClaimText(document=EVIL, title=EVIL, statement=EVIL)},
        notes=[EVIL],
    )
    there = {"adapter": EVIL, "dialect": EVIL, "device": EVIL, "mode": EVIL, "versions": {EVIL: EVIL}}
    checks = tuple(
        Check(
            **dict.fromkeys(("case", "layer", "target", "aspect", "subject", "dtype", "level", "grade"), EVIL),
            **dict.fromkeys(("symptom", "message", "cause", "reproduce", "fingerprint", "known"), EVIL),
            requirements=[EVIL],
            failed=[EVIL],
            outcome=outcome,
            headroom=math.nan,
            worst=Worst(
                index=[0],
                got=EVIL,
                expected=EVIL,
                bound=EVIL,
                first=[0],
                around_got=[EVIL],
                around_expected=[EVIL],
            ),
        )
        for outcome in ("pass", "fail", "error", "crash", "timeout", "unsupported", "known")
    )
    return records.record(
        *checks,
        header=header,
        targets=[
            TargetLine(id=EVIL, title=EVIL, python=EVIL, **there),
            TargetLine(id="absent", title=EVIL, reason=EVIL, **there),
        ],
        cases=(CaseText(case=EVIL, layer=EVIL, arguments={EVIL: EVIL}, weights=EVIL, steps=[StepText(input=EVIL)]),),
        scripts=(ScriptText(case=EVIL, target=EVIL, text=EVIL),),
        claims=(ClaimVerdict(claim=EVIL, target=EVIL, verdict="refuted", evidence=[EVIL]),),
        ledger_notes=(LedgerNote(entry=EVIL, problem=EVIL),),
        footer=Footer(finished=EVIL, complete=False, reason=EVIL),
        problems=(EVIL,),
    )


def test_markup_in_every_field_is_text_and_nothing_else():
    text = filled(render(hostile()))
    found = Page(text)
    assert len(found.of("script")) == 3
    assert found.of("img") == []
    assert "alert(1)" not in found.texts["script"]
    assert "alert(1)" in found.texts["td"]
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert "{{ 7*7 }}" in found.texts["td"]
    assert not set(text) & set("\x00\x1b\u202e")


def test_markup_in_the_list_of_all_checks_stays_packed_away():
    rows = listed(render(hostile()))
    assert len(rows) == 7
    assert rows[1]["case"].startswith("</script>")
    assert not any(set(value) & set("\x00\x1b\u202e") for row in rows for value in row.values())


def test_markup_in_what_was_asked_stays_packed_away():
    text = render(hostile())
    data = unpacked(text)
    assert data["cases"]["case"][0].startswith("</script>")
    assert data["scripts"][0][2].startswith("</script>")
    assert not set(json.dumps([data["cases"], data["scripts"]], ensure_ascii=False)) & set("\x00\x1b\u202e")


def test_scripts_are_held_up_to_a_size_one_of_each_case_first():
    long = "print()\n" * 500
    asked = [ScriptText(case=f"a/{n}", target=target, text=long) for n in range(20) for target in ("t", "u")]
    kept = unpacked(render(records.record(records.failure("a/1"), scripts=tuple(asked))))["scripts"]
    assert [case for case, _, _ in kept[:20]] == [f"a/{n}" for n in range(20)]
    assert 20 < len(kept) < 40


def test_the_spec_has_the_formula_and_a_column_for_each_dialect_of_its_defaults():
    epsilon = ArgumentText(type="real", defaults={"keras": "0.001", "torch": "1e-05"}, description="What is added.")
    axis = ArgumentText(type="axes", defaults={"": "-1"})
    spec = SpecText(definition="y = x < 1 & 2", arguments={"epsilon": epsilon, "axis": axis})
    header = records.header(specs={"layer_normalization": spec}, layers={"layer_normalization": "Layer"})
    text = unpacked(render(records.record(records.check(), header=header)))["views"]["spec-layers"]
    assert "y = x &lt; 1 &amp; 2</pre>" in text
    assert re.findall(r'<th scope="col">(keras|torch)</th>', text) == ["keras", "torch"]
    rows = re.findall(r"<tr><th[^>]*><code>(\w+)</code></th><td>\w+</td>(.*?)<td>[^<]*</td></tr>", text)
    assert [(name, re.findall("<code>(.*?)</code>", cells)) for name, cells in rows] == [
        ("epsilon", ["0.001", "1e-05"]),
        ("axis", ["-1", "-1"]),
    ]


def test_the_page_loads_nothing(page, text):
    assert not {tag for tag, _ in page.tags} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "audio",
        "video",
    }
    assert all("src" not in attributes and "style" not in attributes for _, attributes in page.tags)
    assert all(attributes["href"].startswith("#") for attributes in page.of("a"))
    assert not re.search(r"url\(|@import|https?://", page.texts["style"] + page.texts["script"])


def test_the_page_forbids_itself_everything_but_its_own_style_and_script(page, text):
    (content,) = [a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    policy = dict(part.strip().split(" ", 1) for part in content.split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    for kind in ("style", "script"):
        own = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(own[-1].encode()).digest()).decode()
        assert policy[f"{kind}-src"].split()[-1] == f"'sha256-{digest}'"
        assert len(policy[f"{kind}-src"].split()) == len(own)


def test_every_link_leads_to_a_place_on_the_page(page):
    places = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {re.split("[=&]", attributes["href"][1:])[0] for attributes in page.of("a")} <= places | MADE
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_tables_are_readable_by_machines(page):
    tables = len(page.of("table"))
    captions = len(page.of("caption"))
    assert tables == captions > 5
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.of("th"))
    assert all("aria-label" in attributes or "aria-hidden" in attributes for attributes in page.of("svg"))
    assert page.of("html") == [{"lang": "en"}]


def test_outcomes_are_told_by_word_and_glyph_and_not_by_colour_alone(page, text):
    marks = re.findall(r'<span class="mark ([a-z-]+)">([^<]*)</span>', text)
    glyphs = {kind: re.search(rf'\.{kind}::before[^{{]*{{ content: "(.)"', page.texts["style"])[1] for kind, _ in marks}
    assert len(set(glyphs.values())) >= 5
    assert all(words.strip() for _, words in marks)


def test_what_was_run_is_said_first(page):
    facts = page.texts["dd"]
    assert "2026-11-20-full" in facts
    assert "5f2c9a" in facts
    assert "complete" in facts
    assert "keras 3.15.1" in page.texts["td"]
    assert "No module named 'jax'" in page.texts["td"]


def test_a_record_cut_short_says_so_and_why(whole):
    assert "stopped by Ctrl-C" in Page(render(records.cut(whole, "stopped by Ctrl-C"))).texts["dd"]
    assert "never: cut short" in Page(render(records.cut(whole))).texts["dd"]


def test_a_failure_shows_its_evidence(page, text):
    words = page.texts["section"]
    for expected in (
        "Every element is too large by sqrt(n / (n - 1))",
        "671,090",
        "1.0801234",
        "4.2e-07",
        "Ba, Kiros, Hinton 2016, https://arxiv.org/abs/1607.06450",
        "pytest --pyargs normcheck.cases --target torch-cpu-eager --case 'layer_normalization/",
    ):
        assert expected in words
    assert '<th scope="row">3 got</th><td>-0.1080123</td><td>0.5400617</td><td class=worst>1.0801234</td>' in text


def test_unexplained_failures_come_before_known_ones(page, text):
    order = re.findall(r"<h3[^>]*>\s*<span class=\"mark (\w+)\">", text)
    assert order[-1] == "known"
    assert order.index("known") == len(order) - 1


def test_the_page_shows_the_suites_own_power_and_which_specs_it_was_measured_on(page, whole):
    assert f"{caught().figures.mutants_killed} of {caught().figures.mutants} deliberately faulty" in page.texts["p"]
    assert f"{len(spared().variants)} right implementations" in page.texts["p"]
    assert "measured on other specs" in page.texts["strong"]
    header = whole.header.model_copy(update={"spec_digest": caught().spec_digest})
    assert "measured on the very specs of this run" in Page(render(replace(whole, header=header))).texts["p"]


def test_known_deviations_stand_under_their_ledger_entry_with_its_reason():
    reason = KnownText(reason="The sums are kept in float16.", link="issue 7")
    plain = records.record(*(records.failure(f"a/{n}", outcome="known", known="K-1") for n in range(3)))
    text = render(replace(plain, header=plain.header.model_copy(update={"ledger": {"K-1": reason}})))
    assert re.search(r"<h3[^>]*>.*?3 known.*?K-1</h3>.*?The sums are kept in float16\..*?issue 7", text, re.DOTALL)


def test_claims_and_ledger_notes_are_shown(page):
    assert "document 000" in page.texts["caption"]
    assert "refuted" in page.texts["td"]
    assert "torch-gn-1" in page.texts["li"]


def test_the_list_holds_every_check(whole, text):
    assert len(listed(text)) == len(whole.checks)


def test_ten_thousand_checks_of_which_most_fail_stay_below_a_megabyte():
    mixed = records.full_run(per_cell=335)
    worst = records.worst()
    rows = [" ".join(["-1.234567e-05"] * 5)] * 5
    failing = records.record(
        *(
            records.failure(
                f"a/{n}",
                symptom=f"symptom {n % 60}",
                message=f"Off by {n * 7919 % 10007} ulps. " * 4,
                worst=worst.model_copy(update={"around_got": rows, "around_expected": rows}),
            )
            for n in range(10_000)
        )
    )
    assert len(mixed.checks) > 10_000
    for large in (mixed, failing):
        assert len(render(large).encode()) < 1_000_000


def test_only_some_of_many_failures_are_given_in_full_and_the_rest_is_pointed_to():
    many = records.record(*(records.failure(f"a/{n}") for n in range(1000)))
    found = Page(render(many))
    assert len(found.of("details")) - len(BLANK.of("details")) == 10
    assert "990 more stand in" in found.texts["p"]


def test_an_empty_record_has_a_page_that_says_that_nothing_was_judged():
    found = Page(render(records.record(targets=[])))
    assert "Not conforming" in found.texts["h1"]
    assert "Nothing was judged" in found.texts["li"]


def test_a_run_without_a_fault_says_so():
    found = Page(render(records.record(records.check(headroom=0.5, grade="A"))))
    assert "Not" not in found.texts["h1"]
    assert "Conforming" in found.texts["h1"]


def test_known_deviations_are_counted_in_the_verdict():
    good = records.check("a/1", headroom=0.5, grade="A")
    deviating = [records.failure(f"a/{n}", outcome="known", known="K-1") for n in (2, 3)]
    found = Page(render(records.record(good, *deviating)))
    assert "Conforming but for 2 known deviations" in found.texts["h1"]


def test_figures_that_are_not_finite_are_words():
    text = render(records.record(records.failure(headroom=math.inf), records.failure("a/y", headroom=math.nan)))
    assert "beyond all bounds" in text
    assert "not a number" in text


def test_the_same_record_gives_the_same_page(whole, text):
    assert render(whole) == text


def test_a_page_is_written_where_it_is_asked_for_and_nowhere_else(tmp_path, whole, text):
    assert write_page(whole, tmp_path / "deep" / "page.html").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.rglob("*")] == ["deep", "page.html"]


@pytest.mark.parametrize(
    ("index", "first", "rows", "bold"),
    [
        ([2], [1], ["1.0 2.0 3.0"], ["2.0"]),
        ([5, 2], [5, 1], ["1.0 2.0 3.0", "4.0 5.0 6.0"], ["2.0"]),
        ([7, 6, 2], [5, 1], ["1.0 2.0 3.0", "4.0 5.0 6.0"], ["5.0"]),
        ([], [], ["1.0"], []),
        ([0], [9], ["1.0"], []),
    ],
)
def test_the_worst_of_the_elements_shown_stands_out(index, first, rows, bold):
    worst = Worst(index=index, got="9", expected="9", bound="9", first=first, around_got=rows, around_expected=rows)
    text = render(records.record(records.failure(worst=worst)))
    assert re.findall(r"<td class=worst>([^<]*)</td>", text) == bold * 2


def test_a_window_from_a_stranger_is_shown_in_part():
    wide = [" ".join(["1.0"] * 200)] * 500
    worst = Worst(index=[0], got="9", expected="9", bound="9", first=[0], around_got=wide, around_expected=wide)
    found = Page(render(records.record(records.failure(worst=worst))))
    assert len(found.of("td")) - len(BLANK.of("td")) < 400
