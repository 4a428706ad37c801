"""A real browser, and pages of records to open in it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from normcheck.reports.described import ArgumentText, CaseText, ScriptText, SpecText, StepText
from normcheck.reports.page import write_page
from normcheck.reports.record import KnownText
from normcheck.tests import records

# These tests have an environment of their own, which has playwright: tox run -e browser.
collect_ignore_glob = [] if importlib.util.find_spec("playwright") else ["test_*.py"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EVIL = '<script>document.title = "taken"</script>'


def pytest_addoption(parser):
    group = parser.getgroup("pictures")
    group.addoption("--pictures", type=Path, help="Keep the pictures of the main views in this folder.")
    group.addoption("--pictures-of", type=Path, help="Take them of this page, which `normcheck report` made.")


@pytest.fixture(scope="session")
def browser():
    """Chromium, as the system has it."""
    place = os.environ.get("NORMCHECK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if place is None:
        pytest.exit("These tests need Chromium: install the package chromium, or name it in NORMCHECK_CHROMIUM.", 1)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield found
        found.close()


def opened(browser, path, where="", **options):
    """A tab that shows `path` at `where`, after its data is read; it keeps what went wrong, and what it asked for."""
    tab = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options)).new_page()
    tab.wrong, tab.asked = [], []
    tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
    tab.on("console", lambda message: tab.wrong.append(message.text) if message.type == "error" else None)
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.goto(f"{path.as_uri()}{where}")
    if options.get("java_script_enabled", True):
        tab.wait_for_selector("body[data-settled]")
    return tab


def whole():
    """A record with everything that a page has a view of."""
    found = records.full_run(per_cell=60)
    checks = list(found.checks)
    places = [n for n, check in enumerate(checks) if check.outcome == "fail"]
    for n in places[::3]:
        checks[n] = checks[n].model_copy(update={"outcome": "known", "known": "K-1"})
    found = described(found, checks)
    reasons = {name: KnownText(reason="The sums are kept in float16.", link="issue 7") for name in ("K-1", "K-2")}
    return replace(found, header=found.header.model_copy(update={"ledger": reasons}), checks=tuple(checks))


def described(found, checks):
    """With what cases ask, the spec of a layer, and the script of a failure."""
    wrong = next(check for check in checks if check.outcome == "fail" and check.worst)
    layers = {
        wrong.layer: SpecText(
            definition="y = (x - mean) / sqrt(variance + epsilon)",
            arguments={
                "axis": ArgumentText(type="axes", defaults={"": "-1"}, description="What is normalized."),
                "epsilon": ArgumentText(type="real", defaults={"keras": "0.001", "torch": "1e-05"}),
            },
        )
    }
    return replace(
        found,
        header=found.header.model_copy(update={"specs": layers}),
        cases=tuple(
            CaseText(
                case=name,
                layer=wrong.layer,
                arguments={"axis": "-1", "epsilon": "0.001"},
                steps=[StepText(input="large-mean", shape=[4, 3], training=True)],
            )
            for name in dict.fromkeys(check.case for check in checks)
        ),
        scripts=(ScriptText(case=wrong.case, target=wrong.target, text="import torch\n\nprint('<b>' + '&')\n"),),
    )


def hostile():
    """A record with a script where names stand: a target, a layer, a case, a message, a symptom."""
    names = dict.fromkeys(("target", "layer", "case", "aspect", "subject", "dtype", "symptom", "message"), EVIL)
    evil = records.failure(
        outcome="fail", worst=records.worst(), cause=EVIL, reproduce=EVIL, requirements=[EVIL], failed=[EVIL]
    )
    return records.record(
        evil.model_copy(update=names),
        header=records.header(run=EVIL, layers={EVIL: EVIL}),
        targets=[records.target(EVIL, title=EVIL, device=EVIL)],
    )


@pytest.fixture(scope="session")
def record():
    return whole()


@pytest.fixture(scope="session")
def page(record, tmp_path_factory) -> Path:
    return write_page(record, tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory) -> Path:
    return write_page(hostile(), tmp_path_factory.mktemp("hostile") / "page.html")


@pytest.fixture
def tab(browser, page):
    """A tab with the page; nothing may have gone wrong in it by the end of the test."""
    found = opened(browser, page)
    yield found
    assert found.wrong == []
    found.context.close()
