"""What the page of a record of a million lines takes: time and memory to make it, its size, and its time to open.

    python benchmarks/many_lines.py RECORD [LINES]

A real record's checks are repeated under other ids. Opening it needs the package playwright and a Chromium on the path.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
MAKE = "from normcheck.commands import main; main()"


def lines(source: Path, size: int) -> Iterator[str]:
    """The record of `source` with `size` checks: its own, again and again, each round with ids of its own."""
    kept = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    checks = [line for line in kept if line["kind"] == "check"]
    yield from (json.dumps(line) for line in kept if line["kind"] in ("header", "target"))
    rounds = ({**line, "case": f"{line['case']}/round={number}"} for number in count() for line in checks)
    yield from map(json.dumps, islice(rounds, size))
    yield json.dumps({"kind": "footer", "finished": "2026-11-21T22:00:00Z", "complete": True, "checks": size})


def opened(page: Path) -> str:
    """How long the page takes to settle, and a filter to be answered."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None or importlib.util.find_spec("playwright") is None:
        return "not opened: playwright or Chromium is not there"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        tab = started.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        begun = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("body[data-settled]", timeout=300_000)
        settled = time.perf_counter() - begun
        tab.evaluate("location.hash = '#checks'")
        tab.wait_for_function("document.getElementById('status').textContent.includes(' of ')", timeout=60_000)
        before = tab.inner_text("#status")
        begun = time.perf_counter()
        tab.fill("#filter", "outcome:known dtype:float32")
        changed = "before => document.getElementById('status').textContent !== before"
        tab.wait_for_function(changed, arg=before, timeout=60_000)
        return f"settled after {settled:.1f} s, filter after {time.perf_counter() - begun:.2f} s"


def main() -> None:
    """Measure, and print what was found."""
    source, size = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "normcheck").symlink_to(CLONE)
        record, page = folder / "many.jsonl", folder / "page.html"
        with record.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines(source, size))
        begun = time.perf_counter()
        words = [sys.executable, "-c", MAKE, "report", str(record), "-o", str(page)]
        done = subprocess.run(words, cwd=folder, check=False, stdout=subprocess.DEVNULL)
        spent, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{size:,} checks, {record.stat().st_size / 1e6:.0f} MB: status {done.returncode}, {spent:.0f} s")
        print(f"{used.ru_utime + used.ru_stime:.0f} s of CPU time, {used.ru_maxrss / 1e6:.2f} GB of memory at most")
        print(f"page: {page.stat().st_size / 1e6:.2f} MB; {opened(page)}")


if __name__ == "__main__":
    main()
