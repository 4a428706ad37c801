"""A pytest plugin for the tests: every item is worth a line of progress."""

from __future__ import annotations


def pytest_sessionstart():
    from normcheck.cases.runs import recorder

    recorder.EVERY, recorder.SHARE = 0.0, 0.0
