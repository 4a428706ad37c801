"""The page as a person sees it: each view at its address, by keyboard, without a script, on paper."""

from __future__ import annotations

import pytest

from normcheck.tests.browser.conftest import EVIL, opened

STATIC = ("overview", "failures", "accuracy", "claims", "ledger", "spec", "power", "checks")


def shown(tab):
    return tab.inner_text(".view.current")


def go(tab, where):
    tab.evaluate("where => { location.hash = where; }", where)
    tab.wait_for_function("where => decodeURIComponent(location.hash) === decodeURIComponent(where)", arg=where)


def failing(record):
    return next(check for check in record.checks if check.outcome == "fail" and check.worst)


def status(tab):
    return tab.inner_text("#status")


def filtered(tab, words):
    go(tab, "#checks")
    tab.fill("#filter", words)
    tab.wait_for_function("words => decodeURIComponent(location.hash) === '#checks=' + words", arg=words)
    return int(status(tab).split()[0].replace(",", ""))


@pytest.mark.parametrize("view", STATIC)
def test_each_view_has_an_address_and_stands_alone(tab, view):
    go(tab, f"#{view}")
    assert tab.locator(".view.current").count() == 1
    assert tab.get_attribute(".view.current", "id") == view
    assert tab.get_attribute("#views a[aria-current=page]", "href") == f"#{view}"


def test_the_page_asks_for_nothing_but_itself(tab, page):
    for view in STATIC:
        go(tab, f"#{view}")
    assert {url.split("#")[0] for url in tab.asked} == {page.as_uri()}


def test_a_case_opens_by_its_id(browser, page, record):
    check = failing(record)
    tab = opened(browser, page, f"#case={check.case}&target={check.target}&aspect={check.aspect}")
    words = shown(tab)
    assert tab.inner_text(".view.current h2") == check.case
    for expected in (check.worst.expected, check.worst.got, check.worst.bound, check.reproduce, check.cause):
        assert expected in words
    assert record.header.requirements[check.failed[0]].sentence in words
    assert tab.locator("svg.heat rect").count() == tab.locator(".evidence .around td").count() / 2 > 0
    assert tab.locator("svg.heat rect.worst").count() == 1


def test_an_address_that_names_nothing_says_so(tab):
    go(tab, "#case=no/such")
    assert "no check of such a case" in shown(tab)
    go(tab, "#nowhere")
    assert tab.get_attribute(".view.current", "id") == "overview"


def test_a_cell_of_the_matrix_leads_to_its_checks(tab, record):
    tab.click(".matrix td a >> nth=1")
    assert tab.evaluate("location.hash").startswith("#cell=")
    layer, target = record.checks[0].layer, record.targets[1].id
    counted = [check for check in record.checks if (check.layer, check.target) == (layer, target)]
    tab.click("text=/All .* checks in the list/")
    tab.wait_for_selector("#checks.current")
    assert int(status(tab).split()[0].replace(",", "")) == len(counted)


def test_a_requirement_shows_its_sentence_and_what_became_of_it(tab, record):
    name, text = next(iter(record.header.requirements.items()))
    go(tab, f"#requirement={name}")
    words = shown(tab)
    assert text.sentence in words
    assert text.source in words
    assert "By target" in words


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("outcome:fail,known", lambda check: check.outcome in ("fail", "known")),
        ("target:torch layer:batch", lambda check: "torch" in check.target and "batch" in check.layer),
        ("-dtype:float16 aspect:gradient", lambda check: check.dtype != "float16" and "gradient" in check.aspect),
        ("device:cpu dtype:bfloat16", lambda check: check.dtype == "bfloat16"),
        ("device:gpu", lambda check: False),
        ("unbiased", lambda check: "unbiased" in (check.symptom + check.message).lower()),
        ('layer:"layer_normalization"', lambda check: check.layer == "layer_normalization"),
    ],
)
def test_the_filter_keeps_what_its_words_mean(tab, record, words, holds):
    assert filtered(tab, words) == sum(map(holds, record.checks))


def test_a_filter_can_be_sent_as_an_address(browser, page, record):
    tab = opened(browser, page, "#checks=outcome:fail%20target:torch")
    assert tab.input_value("#filter") == "outcome:fail target:torch"
    wanted = sum(check.outcome == "fail" and "torch" in check.target for check in record.checks)
    assert int(status(tab).split()[0].replace(",", "")) == wanted


def test_the_spec_is_put_in_with_its_links(tab, record):
    layer = record.checks[0].layer
    tab.click(f"text='{record.header.layers[layer]}' >> nth=0")
    assert tab.get_attribute(".view.current", "id") == "spec"
    assert tab.locator(".requirements tbody tr").count() >= len(record.header.requirements)


def test_accuracy_is_drawn_by_target_layer_and_dtype(tab, record):
    go(tab, "#accuracy")
    judged = [check for check in record.checks if check.headroom is not None]
    first = tab.locator("#strips table").first
    assert first.locator("tbody tr").count() == len({check.target for check in judged})
    assert first.locator("thead th").count() == 1 + len({check.dtype for check in judged})
    tab.select_option("#of-target", judged[0].target)
    tab.wait_for_function("location.hash.includes('target=')")
    own = [check for check in judged if check.target == judged[0].target]
    assert first.locator("tbody tr").count() == len({check.layer for check in own})
    chosen = [check for check in own if check.layer == own[0].layer]
    tab.select_option("#of-layer", own[0].layer)
    tab.wait_for_function("location.hash.includes('layer=')")
    arrays = [int(text.split()[-1].replace(",", "")) for text in first.locator("td a").all_inner_texts()]
    assert sum(arrays) == len(chosen)
    assert first.locator("svg").count() == len({check.dtype for check in chosen})
    first.locator("td a").first.click()
    tab.wait_for_selector("#checks.current")
    assert int(status(tab).split()[0].replace(",", "")) == arrays[0]


def test_a_case_shows_what_it_asks(browser, page, record):
    one = record.cases[0]
    words = shown(opened(browser, page, f"#case={one.case}"))
    for expected in ("axis = -1", "epsilon = 0.001", "input large-mean, shape [4, 3], training=True", "weights: drawn"):
        assert expected in words


def test_the_script_of_a_case_can_be_copied(browser, page, record):
    one = record.scripts[0]
    where = f"#case={one.case}&target={one.target}"
    tab = opened(browser, page, where, permissions=["clipboard-read", "clipboard-write"])
    tab.click(".script summary")
    tab.click(".script .copy")
    tab.wait_for_selector("text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == one.text


def test_without_a_script_of_its_own_a_case_leads_to_one_of_the_same_finding_and_to_the_command(browser, page, record):
    one = record.scripts[0]
    failed = [check for check in record.checks if check.target == one.target and check.outcome == "fail"]
    first = next(check for check in failed if check.case == one.case)
    other = next(check for check in failed if check.case != one.case and check.symptom == first.symptom)
    tab = opened(browser, page, f"#case={other.case}&target={other.target}&aspect={other.aspect}")
    assert f"normcheck reproduce '{other.case}' --target {other.target}" in shown(tab)
    tab.click(f".evidence a >> text='{one.case}'")
    tab.wait_for_selector(".script")


def test_the_spec_shows_formulas_and_the_defaults_of_each_dialect(tab, record):
    go(tab, "#spec")
    assert "y = (x - mean) / sqrt(variance + epsilon)" in shown(tab)
    row = tab.inner_text(".arguments tbody tr >> nth=1")
    assert row.split("\t")[:4] == ["epsilon", "real", "0.001", "1e-05"]


def test_only_the_rows_in_sight_are_there_and_the_last_can_be_reached(tab, record):
    go(tab, "#checks")
    assert tab.locator("#rows tr").count() < 120
    tab.evaluate("document.getElementById('list').scrollTop = 1e9")
    tab.wait_for_selector(f"#rows tr[aria-rowindex='{len(record.checks) + 1}']")
    assert tab.locator("#rows tr").count() < 120


def test_the_keyboard_is_enough(tab, record):
    tab.keyboard.press("/")
    tab.wait_for_function("document.activeElement.id === 'filter'")
    tab.keyboard.type("outcome:fail")
    wanted = sum(check.outcome == "fail" for check in record.checks)
    tab.wait_for_function(
        "start => document.getElementById('status').textContent.startsWith(start)", arg=f"{wanted:,} of"
    )
    tab.keyboard.press("Escape")
    for key in "jjjk":
        tab.keyboard.press(key)
    second = tab.inner_text("#rows tr.current a")
    assert tab.evaluate("document.activeElement.textContent") == second
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#detail.current")
    assert tab.inner_text(".view.current h2") == second
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#checks.current")
    assert tab.input_value("#filter") == "outcome:fail"
    tab.keyboard.press("?")
    assert tab.is_visible("#keys")
    tab.keyboard.press("Escape")
    assert not tab.is_visible("#keys")


def test_the_line_that_runs_a_check_again_can_be_copied(browser, page, record):
    check = failing(record)
    tab = opened(
        browser, page, f"#case={check.case}&target={check.target}", permissions=["clipboard-read", "clipboard-write"]
    )
    tab.click(".evidence .copy")
    tab.wait_for_selector("text=Copied")
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied in {one.reproduce for one in record.checks if one.case == check.case}


def test_without_a_script_the_overview_and_the_failures_can_be_read(browser, page, record):
    tab = opened(browser, page, java_script_enabled=False)
    for view in ("overview", "failures", "claims", "ledger"):
        assert tab.is_visible(f"#{view}")
    assert "needs JavaScript" in tab.inner_text("#spec")
    assert tab.is_visible("text=What needs attention first")
    assert tab.is_visible(f"#failures >> text={failing(record).symptom} >> nth=0")
    assert not tab.is_visible("#search")


@pytest.mark.parametrize(
    "where", ["", "#checks", "#failures", f"#case={EVIL}", f"#cell={EVIL}&target={EVIL}", f"#requirement={EVIL}"]
)
def test_a_script_in_a_record_is_text(browser, hostile_page, where):
    tab = opened(browser, hostile_page, where)
    assert tab.title() != "taken"
    assert tab.locator("script").count() <= 3
    assert "<script>document.title" in tab.inner_text("body")
    assert tab.wrong == []


def test_paper_has_what_was_folded_away(tab):
    go(tab, "#failures")
    assert tab.locator(".current details:not([open])").count() > 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert tab.locator(".current details:not([open])").count() == 0
    assert not tab.is_visible("#views")
