"""axe finds nothing in any view, light or dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from normcheck.tests.browser.conftest import opened
from normcheck.tests.browser.test_views import STATIC, failing, go


def places(record):
    check = failing(record)
    return [
        *(f"#{view}" for view in STATIC),
        f"#case={check.case}&target={check.target}&aspect={check.aspect}",
        f"#cell={check.layer}&target={check.target}",
        f"#requirement={check.failed[0]}",
        f"#accuracy&target={check.target}",
        "#checks=outcome:fail",
        "#checks=nothing-is-called-so",
    ]


def violations(tab):
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(one["id"], one["nodes"][0]["html"][:300], one["nodes"][0]["failureSummary"]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, page, record, scheme):
    tab = opened(browser, page, color_scheme=scheme)
    tab.evaluate(AXE_SCRIPT)
    found = {}
    for where in places(record):
        go(tab, where)
        tab.wait_for_timeout(100)
        found[where] = violations(tab)
    go(tab, "#overview")
    tab.keyboard.press("?")
    found["keys"] = violations(tab)
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_there_is_no_script(browser, page, scheme):
    tab = opened(browser, page, color_scheme=scheme)
    tab.evaluate(AXE_SCRIPT)
    tab.evaluate("document.documentElement.classList.remove('scripted')")
    assert violations(tab) == []
