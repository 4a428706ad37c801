"""Pictures of the main views, for the documents: `--pictures docs --pictures-of PAGE`, of the page of a real run."""

from __future__ import annotations

import pytest

from normcheck.tests.browser.conftest import opened
from normcheck.tests.browser.test_linked_pages import beside
from normcheck.tests.browser.test_views import go

VIEWS = {
    "report": "#overview",
    "report-case": "a case",
    "report-accuracy": "#accuracy",
    "report-spec": "#spec",
    "report-compare": "#compare",
    "report-benchmarks": "#benchmarks-roofline",
}
DEVIATING = '#checks=outcome:fail,known aspect:"output"'
TRIED = 30


@pytest.fixture(scope="module")
def pictured(pytestconfig, record, tmp_path_factory):
    """The page to take pictures of: the one that was given, else that of the made-up record."""
    return pytestconfig.getoption("pictures_of", None) or beside(record, tmp_path_factory.mktemp("pictured"))


def evidence(tab):
    """Goes to the first case that deviates and has a picture of its error."""
    go(tab, DEVIATING)
    tab.wait_for_selector("#rows tr a")
    for place in tab.eval_on_selector_all("#rows tr a", "found => found.map((one) => one.hash)")[:TRIED]:
        go(tab, place)
        if tab.locator("svg.heat").count():
            return
    raise AssertionError("no case of this page that deviates has a picture of its error")


@pytest.mark.parametrize("name", VIEWS)
def test_a_picture_of_a_main_view_is_small(browser, pictured, pytestconfig, name, tmp_path):
    tab = opened(browser, pictured.absolute(), color_scheme="light")
    if VIEWS[name].startswith("#"):
        if not tab.locator(VIEWS[name]).count():
            assert pytestconfig.getoption("pictures_of", None), "the made-up page has every view"
            return
        go(tab, VIEWS[name])
    else:
        evidence(tab)
    tab.wait_for_timeout(200)
    path = (pytestconfig.getoption("pictures", None) or tmp_path) / f"{name}.png"
    tab.screenshot(path=path)
    assert 10_000 < path.stat().st_size <= 250_000
