"""The page of a record that was cut short, merged, old or nearly empty opens, and says what it is."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.tests import odd_records, records
from normcheck.tests.browser.conftest import opened
from normcheck.tests.browser.test_views import STATIC, filtered, go

MANY = 30_000


def parts():
    return [odd_records.text_of(one) for one in odd_records.shards()]


ODD = {
    "cut in mid-write": (lambda: [odd_records.cut_in_mid_write()], "cut short", 52),
    "killed": (lambda: [odd_records.text_of(odd_records.killed())], "1 check crashed its target", 3),
    "merged from shards": (parts, "Runs merged into this record", 2),
    "one shard of two": (lambda: parts()[1:], "of 2 shards of one run there is no 1", 1),
    "of the first schema": (lambda: [odd_records.SCHEMA_1], "an-old-run", 2),
    "a header alone": (lambda: [f"{odd_records.HEADER}\n"], "Nothing was judged", 0),
    "without a target": (lambda: [odd_records.text_of(records.record(targets=[]))], "No check was made", 0),
}


@pytest.fixture
def made(tmp_path):
    """Makes the page of the records that have these texts."""

    def make(texts):
        places = [tmp_path / f"{number}.jsonl" for number in range(len(texts))]
        for place, text in zip(places, texts, strict=True):
            place.write_text(text, encoding="utf-8")
        page = tmp_path / "page.html"
        done = CliRunner().invoke(main, ["report", *map(str, places), "-o", str(page)])
        assert done.exit_code == 0, done.output
        return page

    return make


@pytest.mark.parametrize("kind", ODD)
def test_the_page_opens_in_every_view_and_says_what_the_record_is(browser, made, kind):
    texts, said, checks = ODD[kind]
    tab = opened(browser, made(texts()))
    assert said in tab.inner_text("#overview")
    for view in STATIC:
        go(tab, f"#{view}")
        assert tab.get_attribute(".view.current", "id") == view
    assert filtered(tab, "-nothing-is-called-so") == checks
    assert tab.inner_text("#status").endswith(f" of {checks:,} checks.")
    assert tab.wrong == []


@pytest.mark.parametrize("kind", ODD)
def test_it_can_be_read_without_a_script(browser, made, kind):
    texts, said, _ = ODD[kind]
    tab = opened(browser, made(texts()), java_script_enabled=False)
    assert said in tab.inner_text("#overview")


def test_a_case_that_killed_its_target_has_a_view(browser, made):
    tab = opened(browser, made([odd_records.text_of(odd_records.killed())]), "#case=layer_normalization/crash")
    assert "signal 11" in tab.inner_text(".view.current")
    assert tab.locator(".view.current .mark.crash").count() > 0


def test_an_old_failure_shows_its_evidence(browser, made):
    tab = opened(browser, made([odd_records.SCHEMA_1]), "#case=layer_normalization/wide")
    for expected in ("One element is off.", "1.5", "pytest --case layer_normalization/wide"):
        assert expected in tab.inner_text(".view.current")
    assert tab.locator("svg.heat rect.worst").count() == 1


def test_the_last_of_many_checks_can_be_reached(browser, made):
    many = records.record(*(records.check(f"layer_normalization/{n}", headroom=0.1) for n in range(MANY)))
    tab = opened(browser, made([odd_records.text_of(many)]))
    assert filtered(tab, f"case:layer_normalization/{MANY - 1}") == 1
    assert filtered(tab, "outcome:pass") == MANY
    tab.evaluate("document.getElementById('list').scrollTop = 1e9")
    tab.wait_for_selector(f"#rows tr[aria-rowindex='{MANY + 1}']")
    assert tab.locator("#rows tr").count() < 120
