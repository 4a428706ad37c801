"""How large the page of many checks is, how long it takes to make, to open and to filter; and pytest-html beside it.

    python benchmarks/page.py

The browser's times need the package playwright and a Chromium on the path; pytest-html is measured where it is
installed, at the smaller size. What is not there is said and left out.
"""

from __future__ import annotations

import importlib.util
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

CLONE = str(Path(__file__).resolve().parent.parent)
SIZES = (10_000, 100_000)
ASPECTS = ("output", "gradient", "state", "weights", "dtype", "determinism", "persistence", "input_kept")
DTYPES = ("float32", "float64", "bfloat16", "float16")
FILTER = "keras outcome:known,fail -dtype:float16 grade"


def importable() -> None:
    """Make the clone importable as normcheck, as conftest.py does, where normcheck is not installed."""
    package = ModuleType("normcheck")
    package.__path__ = [CLONE]
    sys.modules.setdefault("normcheck", package)


def synthetic(size: int) -> Any:
    """A record of `size` checks as mixed as a real run: 25 targets, 12 layers, one in 20 known, one in 50 wrong."""
    from normcheck.reports.record import Check, KnownText, RequirementText, Worst
    from normcheck.tests import records

    drawn = random.Random(size)
    layers = [f"layer_{n}_normalization" for n in range(12)]
    targets = [f"framework-{n // 3}-3.15.{n}-cpu-{('eager', 'graph', 'jit')[n % 3]}" for n in range(25)]
    sentence = "Every output is the exact answer, within the widest error bound derived for its input."

    def numbers() -> str:
        return " ".join(f"{drawn.gauss(0, 1):.7g}" for _ in range(5))

    def check(n: int) -> Check:
        layer = layers[n % 12]
        case = f"{layer}/sweep-{n // 5000}/features={n // 96 % 40},input={n // 96 % 7},dtype={DTYPES[n % 4]}"
        target = targets[n % 25]
        values: dict[str, Any] = {"case": case, "layer": layer, "target": target, "aspect": ASPECTS[n // 12 % 8]}
        values |= {"subject": "gamma" if n % 3 else "", "dtype": DTYPES[n % 4], "outcome": "pass"}
        values |= {"requirements": [f"L{n % 12}-{k}" for k in drawn.sample(range(30), 3)]}
        chance = drawn.random()
        if chance < 0.15:
            return Check(**values | {"outcome": "unsupported", "message": f"{target} offers no {layer}"})
        if n % 2:
            values |= {"headroom": drawn.random() ** 3, "grade": "A", "fingerprint": f"{drawn.getrandbits(48):012x}"}
            values |= {"ulps": float(f"{drawn.random() * 4:.4g}")}
        if chance < 0.22:
            worst = Worst(index=[n % 7, 3], got=numbers()[:9], expected=numbers()[:9], bound="4.2e-07")
            window = {"first": [0, 1], "ulps": drawn.random() * 1e6}
            window |= {"around_got": [numbers() for _ in range(5)], "around_expected": [numbers() for _ in range(5)]}
            known = {"outcome": "known", "known": f"K-{n % 60}"} if chance < 0.20 else {"outcome": "fail"}
            values |= {"failed": values["requirements"][:1], "symptom": f"grade {'BCF'[n % 3]}", **known}
            values |= {"headroom": drawn.random() * 1e4, "grade": "F", "worst": worst.model_copy(update=window)}
            values |= {"message": f"{n} of {2 * n} elements are beyond their bound, the worst by {drawn.random():.4f}."}
            values |= {"reproduce": f"pytest --pyargs normcheck.cases --target {target} --case '{case}'"}
        return Check(**values)

    header = records.header(
        layers={name: name.replace("_", " ") for name in layers},
        requirements={
            f"L{n}-{k}": RequirementText(layer=layers[n], level="must", sentence=sentence, source="Ba, Kiros, Hinton")
            for n in range(12)
            for k in range(30)
        },
        ledger={f"K-{n}": KnownText(reason="The sums are kept in float16.", link="issue 7") for n in range(60)},
    )
    described = [records.target(name, title=name.replace("-", " · ")) for name in targets]
    checks = [check(n) for n in range(size)]
    asked = what_was_asked(checks, layers)
    header = header.model_copy(update={"specs": asked.pop("specs")})
    return records.record(*checks, header=header, targets=described, **asked)


def what_was_asked(checks: list[Any], layers: list[str]) -> dict[str, Any]:
    """A spec of each layer, what each case of `checks` asks, and a script of each finding on each target."""
    from normcheck.reports.described import ArgumentText, CaseText, ScriptText, SpecText, StepText

    drawn = random.Random(len(checks))
    meaning = "What is added to the variance before its root is taken."
    argument = ArgumentText(type="real", defaults={"keras": "0.001", "torch": "1e-05"}, description=meaning)
    spec = SpecText(definition="y = x\n" * 15, arguments={f"argument_{n}": argument for n in range(15)})

    def case(n: int, one: Any) -> CaseText:
        step = StepText(
            input=("normal", "large-mean", "outlier")[n % 3], shape=[n % 7 + 1, n % 33], training=n % 2 == 0
        )
        arguments = {"axis": str(-1 - n % 3), "epsilon": f"{drawn.random():.2g}", "momentum": "0.75"}
        return CaseText(case=one.case, layer=one.layer, arguments=arguments, steps=[step] * (n % 2 + 1))

    def script(one: Any) -> ScriptText:
        numbers = ", ".join(f"{drawn.gauss(0, 1):.9g}" for _ in range(60))
        lines = ["import torch", f"layer = torch.nn.{one.layer}(3, eps=0.001)", f"x = torch.tensor([{numbers}])"]
        return ScriptText(case=one.case, target=one.target, text="\n".join([*lines, *["print(layer(x))"] * 20]))

    cases = {one.case: one for one in checks}
    wrong = {(one.target, one.known or one.symptom): one for one in checks if one.failed}
    return {
        "specs": dict.fromkeys(layers, spec),
        "cases": tuple(case(n, one) for n, one in enumerate(cases.values())),
        "scripts": tuple(map(script, wrong.values())),
    }


def page_seconds(record: Any, folder: Path) -> tuple[Path, float, float]:
    """The page, seconds to read the record and seconds to make the page."""
    from normcheck.reports.page import write_page
    from normcheck.reports.reading import read
    from normcheck.reports.writing import encoded

    asked = [*record.targets, *record.cases, *record.scripts]
    stored = folder / f"{len(record.checks)}.jsonl"
    lines = [record.header, *asked, *record.checks, record.footer]
    stored.write_text("".join(f"{encoded(line)}\n" for line in lines))
    start = time.perf_counter()
    found = read(stored)
    read_at = time.perf_counter()
    page = write_page(found, folder / f"{len(record.checks)}.html")
    return page, read_at - start, time.perf_counter() - read_at


def browser_seconds(page: Path, settled: str, word: str) -> list[float]:
    """Seconds from opening `page` until `settled` holds in it, and until what `word` types has been filtered."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        found = []
        for _ in range(3):
            tab = browser.new_page()
            tab.goto(page.as_uri(), wait_until="commit")
            tab.wait_for_function(settled, timeout=120_000, polling=20)
            opened = tab.evaluate("performance.now()") / 1000
            found.append((opened, tab.evaluate(word) if word else 0.0))
            tab.close()
        browser.close()
    return [min(one[place] for one in found) for place in (0, 1)]


TYPED = f"""() => new Promise((done) => {{
  location.hash = "#checks";
  setTimeout(() => {{
    const start = performance.now();
    const status = document.getElementById("status");
    const seen = () => requestAnimationFrame(() => done((performance.now() - start) / 1000));
    new MutationObserver(seen).observe(status, {{childList: true, characterData: true, subtree: true}});
    const filter = document.getElementById("filter");
    filter.value = "{FILTER}";
    filter.dispatchEvent(new Event("input"));
  }}, 500);
}})"""


def pytest_html(size: int, folder: Path) -> Path:
    """The report that pytest-html makes of `size` tests, of which one in fourteen fails."""
    test = folder / "test_many.py"
    test.write_text(
        "import pytest\n\n"
        f"@pytest.mark.parametrize('n', range({size}))\n"
        "def test_one(n):\n    assert n % 14, f'{n} is beyond its bound'\n"
    )
    report = folder / "pytest-html.html"
    words = [str(test), "-q", "--tb=short", "--rootdir", str(folder), "-c", "/dev/null", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *words, f"--html={report}", "--self-contained-html"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return report


def main() -> None:
    """Measure, and print one line for each size."""
    importable()
    has_browser = importlib.util.find_spec("playwright") is not None and shutil.which("chromium") is not None
    if not has_browser:
        print("No playwright or no Chromium here: times in a browser are left out.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[int, tuple[int, list[float]]] = {}
        for size in SIZES:
            page, reading, making = page_seconds(synthetic(size), folder)
            ready = "() => document.body?.dataset.settled"
            seen = browser_seconds(page, ready, TYPED) if has_browser else []
            figures[size] = page.stat().st_size, seen
            times = f", settled {seen[0]:.2f} s, filter {seen[1]:.2f} s" if seen else ""
            print(
                f"{size:,} checks: {page.stat().st_size / 1e6:.2f} MB, read {reading:.1f} s, made {making:.1f} s{times}"
            )
        if importlib.util.find_spec("pytest_html") is None:
            print("pytest-html is not installed: no comparison with it.")
            return
        report = pytest_html(SIZES[0], folder)
        size, ours = report.stat().st_size, figures[SIZES[0]]
        print(f"pytest-html, {SIZES[0]:,} tests: {size / 1e6:.2f} MB, {size / ours[0]:.1f} times ours")
        if has_browser:
            ready = f"() => document.querySelectorAll('.results-table-row').length >= {SIZES[0]}"
            theirs = browser_seconds(report, ready, "")
            print(f"pytest-html: settled {theirs[0]:.1f} s, {theirs[0] / ours[1][0]:.1f} times ours")


if __name__ == "__main__":
    main()
