"""What changed, and the benchmarks: as pages of their own, and as views on the page of a record."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.reports.comparing.classes import FAILING, KINDS
from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.page import compared, render
from normcheck.reports.merging import write
from normcheck.reports.page import write_page
from normcheck.reports.trends.history import files, read
from normcheck.reports.trends.page import benchmarked
from normcheck.reports.trends.page import render as trends
from normcheck.tests.browser.conftest import EVIL, opened
from normcheck.tests.browser.test_accessibility import violations
from normcheck.tests.browser.test_views import go
from normcheck.tests.comparisons import NEW, OLD, array, error, seen, version
from normcheck.tests.test_comparing import CUT, RIGHT, judged, wrong
from normcheck.tests.test_trends import CASE, saved

ALONE = ("compare", "benchmarks")


def versions():
    """Two records between which one layer broke, and of another the exception that it raises changed."""
    other, raised = "rms_normalization/wide", "batch_normalization/bad-axis"
    before = [judged(RIGHT), seen(arrays=[RIGHT]), judged(RIGHT, other), seen(other, arrays=[RIGHT])]
    after = [
        wrong(CUT),
        seen(arrays=[CUT]),
        judged(RIGHT, other),
        seen(other, arrays=[array([1.0, 2.0], dtype="float64")]),
    ]
    before += [seen(raised, errors=[error("ValueError")])]
    after += [seen(raised, errors=[error("IndexError")])]
    return version(OLD, *before), version(NEW, *after)


def history(folder, case=CASE, **more):
    """Twelve runs, of two targets and two layers; from the eighth on a version is another, and one series is slower."""
    figures = {"operations": 4096.0, "bytes": 8192.0, "copy_bytes_per_second": 2e10, "share_of_copy": 0.04}
    figures |= {"elements_per_second": 1e8, "shape": [8, 128], "size": "small", "dtype": "float32", "pass": "inference"}
    places = []
    for day in range(1, 13):
        late = day > 7
        own = {"versions": {"torch": "2.13.0" if late else "2.12.0"}} | figures | more
        places.append(saved(folder, day, 1.2e-5 if late else 1.0e-5, case=case, **own))
        rest = {"layer": "rms_normalization", "target": "keras-cpu-graph", "title": "keras 3 · cpu · graph"}
        other = case.replace("layer", "rms", 1)
        places.append(saved(folder, day + 20, 3.0e-5 * (1 + day % 3 / 100), case=other, **own | rest))
    return read(files(places))


def written(folder, name, text):
    path = folder / f"{name}.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The pages of one view each."""
    folder = tmp_path_factory.mktemp("alone")
    texts = {"compare": render(compare(*versions()), FAILING), "benchmarks": trends(history(folder), 20)}
    return {name: written(folder, name, text) for name, text in texts.items()}


@pytest.fixture(scope="module")
def joint(record, tmp_path_factory):
    return beside(record, tmp_path_factory.mktemp("joint"))


def beside(record, folder):
    """The page of a record with both views beside its own."""
    more = [compared(compare(*versions()), FAILING), benchmarked(history(folder), 20)]
    return write_page(record, folder / "page.html", more)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ALONE)
def test_axe_finds_nothing_on_a_page_of_one_view(browser, alone, name, scheme):
    tab = opened(browser, alone[name], color_scheme=scheme)
    tab.evaluate(AXE_SCRIPT)
    assert violations(tab) == []
    tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert violations(tab) == []
    assert tab.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ALONE)
def test_axe_finds_nothing_in_a_view_beside_those_of_a_record(browser, joint, name, scheme):
    tab = opened(browser, joint, f"#{name}", color_scheme=scheme)
    tab.evaluate(AXE_SCRIPT)
    assert tab.get_attribute(".view.current", "id") == name
    assert violations(tab) == []
    assert tab.wrong == []


def test_axe_finds_nothing_where_all_views_stand_below_one_another(browser, joint):
    tab = opened(browser, joint)
    tab.evaluate(AXE_SCRIPT)
    tab.evaluate("document.documentElement.classList.remove('scripted')")
    assert violations(tab) == []


@pytest.mark.parametrize("name", ALONE)
def test_a_page_asks_for_nothing_but_itself_and_names_no_address_outside(browser, alone, name):
    tab = opened(browser, alone[name])
    assert {url.split("#")[0] for url in tab.asked} == {alone[name].as_uri()}
    outside = "[...document.querySelectorAll('[href],[src]')].map((one) => one.getAttribute('href') ?? one.src)"
    assert all(place.startswith("#") for place in tab.evaluate(outside))
    assert "://" not in alone[name].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("compare", ["Broken", "-0.48", "layer_normalization/plain", "IndexError", "stand against the upgrade"]),
        ("benchmarks", ["+20.0%", "slower", "torch 2.12.0 to 2.13.0", "100 M", "4 %", "8 × 128", "12 µs"]),
    ],
)
def test_everything_can_be_read_without_a_script(browser, alone, joint, name, words):
    for page in (alone[name], joint):
        tab = opened(browser, page, java_script_enabled=False)
        assert not tab.is_visible(f"#{name} .narrow")
        text = tab.inner_text(f"#{name}")
        assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("where", ["#compare", "#benchmarks"])
def test_a_view_beside_others_has_an_address_and_stands_alone(browser, joint, where):
    tab = opened(browser, joint)
    tab.click(f"#views a[href='{where}']")
    tab.wait_for_selector(f".view.current{where}")
    assert tab.locator(".view:visible").count() == 1
    assert tab.get_attribute("#views a[aria-current=page]", "href") == where


@pytest.mark.parametrize(
    ("name", "query", "left"),
    [
        ("compare", "class:broken", 1),
        ("compare", "-class:broken", 2),
        ("compare", "layer:batch indexerror", 1),
        ("compare", "layer:batch,rms", 2),
        ("compare", "no-such-word", 0),
        ("benchmarks", "layer:rms", 1),
        ("benchmarks", "target:torch size:small", 1),
        ("benchmarks", 'layer:"normalization"', 0),
        ("benchmarks", "version:2.13", 2),
    ],
)
def test_a_filter_narrows_and_can_be_sent_as_an_address(browser, alone, joint, name, query, left):
    total = {"compare": 3, "benchmarks": 2}[name]
    for page in (alone[name], joint):
        tab = opened(browser, page, f"#{name}={query}")
        assert tab.input_value(f"#{name}-filter") == query
        assert tab.inner_text(f"#{name} .narrow [role=status]").startswith(f"{left} of {total} ")
        assert tab.locator(f"#{name} [data-entry='1']:visible").count() == left
        tab.fill(f"#{name}-filter", "")
        assert tab.locator(f"#{name} [data-entry='1']:visible").count() == total
        assert tab.evaluate("location.hash") == f"#{name}"


def test_the_key_for_the_filter_leads_to_that_of_the_view(browser, alone, joint):
    for page in (alone["compare"], joint):
        tab = opened(browser, page, "#compare")
        tab.keyboard.press("/")
        assert tab.evaluate("document.activeElement.id") == "compare-filter"
        tab.keyboard.type("class:broken")
        assert tab.evaluate("location.hash") == "#compare=class:broken"
        tab.keyboard.press("Escape")
        assert tab.evaluate("document.activeElement.id") != "compare-filter"


@pytest.mark.parametrize(("name", "what"), [("compare", "article"), ("benchmarks", "figure")])
def test_an_entry_has_an_address_of_its_own_that_stays(browser, alone, joint, name, what):
    links = opened(browser, alone[name]).eval_on_selector_all(f"{what} .here", "found => found.map((one) => one.hash)")
    assert len(set(links)) == len(links) > 1
    tab = opened(browser, joint, links[-1])
    assert tab.get_attribute(".view.current", "id") == name
    assert tab.locator(links[-1]).is_visible()


def test_a_movement_leads_to_its_trend_with_the_change_and_the_version_marked(browser, alone):
    tab = opened(browser, alone["benchmarks"])
    tab.click("#benchmarks tbody a >> nth=0")
    figure = tab.locator(tab.evaluate("location.hash"))
    assert figure.locator("line.change").count() == 1
    assert "torch 2.12.0 to 2.13.0" in figure.locator("path.version title").text_content()
    assert figure.locator("circle").count() == 12


def test_the_roofline_has_a_mark_for_each_series_under_the_roof(browser, alone):
    tab = opened(browser, alone["benchmarks"])
    assert tab.locator("svg.roofline path.mark").count() == 2
    assert "20 GB a second" in tab.locator("svg.roofline .roof title").text_content()
    hint = tab.locator("svg.roofline path.mark title").first.text_content()
    assert "341 M operations a second, 4% of a copy" in hint
    boxes = [tab.locator(f"svg.roofline {one}").first.bounding_box() for one in (".roof", "path.mark")]
    assert boxes[1]["y"] > boxes[0]["y"]


def test_the_smallest_case_of_a_change_leads_to_its_view(browser, tmp_path):
    before, after = versions()
    page = write_page(after, tmp_path / "page.html", [compared(compare(before, after), FAILING)])
    tab = opened(browser, page, "#compare")
    tab.click("#compare article a >> text=layer_normalization/plain")
    tab.wait_for_selector("#detail.current")
    assert tab.inner_text(".view.current h2") == "layer_normalization/plain"
    assert tab.wrong == []


def test_paper_has_what_was_folded_away_and_no_form(browser, alone):
    tab = opened(browser, alone["compare"])
    assert tab.locator("details:not([open])").count() > 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert tab.locator("details:not([open])").count() == 0
    assert not tab.is_visible(".narrow")


def test_a_script_in_what_changed_or_in_a_benchmark_is_text(browser, record, tmp_path):
    old, new = array([1.5, 2.5]), array([0.5, 7.5])
    before = version(OLD, seen(EVIL, arrays=[old], warnings=[EVIL], configuration=[EVIL]))
    after = version(NEW, seen(EVIL, errors=[error(EVIL, EVIL, EVIL)]), judged(new, EVIL, symptom=EVIL, message=EVIL))
    evil = {"layer": EVIL, "target": EVIL, "fingerprint": EVIL, "title": EVIL, "versions": {EVIL: EVIL}}
    evil |= {"machine": {EVIL: EVIL}, "size": EVIL, "dtype": EVIL, "pass": EVIL}
    (tmp_path / "runs").mkdir()
    every = history(tmp_path / "runs", EVIL, **evil)
    found = compare(before, after)
    more = [compared(found, KINDS), benchmarked(every, 20)]
    pages = [
        (written(tmp_path, "compare", render(found, KINDS)), 1),
        (written(tmp_path, "benchmarks", trends(every, 20)), 1),
        (write_page(record, tmp_path / "page.html", more), 2),
    ]
    for page, scripts in pages:
        for where in ("", "#compare", "#benchmarks", f"#compare={EVIL}"):
            tab = opened(browser, page, where)
            assert tab.title() != "taken"
            assert tab.locator("script").count() == scripts
            assert tab.wrong == []
        assert "<script>document.title" in tab.text_content("main")


def test_the_command_puts_both_beside_the_views_of_a_record(browser, tmp_path):
    places = [write(one, tmp_path / name) or tmp_path / name for one, name in zip(versions(), ("a", "b"), strict=True)]
    (tmp_path / "runs").mkdir()
    history(tmp_path / "runs")
    page = tmp_path / "page.html"
    words = ["report", places[1], "--compare", places[0], "--benchmarks", tmp_path / "runs", "-o", page]
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 0, done.output
    tab = opened(browser, page)
    for name in ALONE:
        go(tab, f"#{name}")
        assert tab.get_attribute(".view.current", "id") == name
    assert tab.wrong == []
