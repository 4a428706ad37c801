"""The history of the benchmarks: series read from what pytest-benchmark saved, change points, table and page."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from normcheck.commands.bench_history import bench_history
from normcheck.reports.trends.changes import change_points, largest, movements, noise
from normcheck.reports.trends.drawing import drawn, seconds
from normcheck.reports.trends.history import HistoryError, Key, Point, Series, files, read
from normcheck.reports.trends.page import render, table

CASE = "layer_normalization/benchmarks/language/size=small,dtype=float32,pass=inference"


def told(spent, **more):
    return {
        "layer": "layer_normalization",
        "target": "torch-cpu-eager",
        "fingerprint": "0123456789ab",
        "versions": {"torch": "2.12.0"},
        "fastest_seconds": spent,
        **more,
    }


def saved(folder, day, spent, case=CASE, **more):
    """A run as pytest-benchmark saves it, with one benchmark of ours and one of somebody else's."""
    run = {
        "datetime": f"2026-11-{day:02d}T08:00:00+00:00",
        "commit_info": {"id": f"{day:040d}"},
        "machine_info": {},
        "benchmarks": [
            {"params": {"case": case, "target": "torch-cpu-eager"}, "extra_info": told(spent, **more), "stats": {}},
            {"params": None, "extra_info": {}, "stats": {}},
        ],
    }
    path = folder / f"{day:04d}_run.json"
    path.write_text(json.dumps(run))
    return path


def series(values):
    points = tuple(Point(f"2026-11-{at + 1:02d}", value, "c" * 40, {"torch": "2"}) for at, value in enumerate(values))
    return Series(Key("0123456789ab", "torch-cpu-eager", CASE), "layer_normalization", points)


def noisy(levels, spread=0.02, seed=4):
    return [
        level + value
        for level, value in zip(levels, np.random.default_rng(seed).normal(0, spread, len(levels)), strict=True)
    ]


@pytest.fixture
def folder(tmp_path):
    for day in range(1, 13):
        late = day > 7
        saved(tmp_path, day, 1.2e-5 if late else 1.0e-5, versions={"torch": "2.13.0" if late else "2.12.0"})
    return tmp_path


def test_runs_become_series_in_the_order_of_time(folder):
    (one,) = read(files([folder]))
    assert one.key == Key("0123456789ab", "torch-cpu-eager", CASE)
    assert one.seconds == (*[1.0e-5] * 7, *[1.2e-5] * 5)
    assert one.points[0].commit == "1".rjust(40, "0")


def test_a_run_that_is_read_twice_counts_once(folder):
    (one,) = read([*files([folder]), *files([folder])])
    assert len(one.points) == 12


def test_other_machines_and_targets_are_series_of_their_own(folder):
    saved(folder, 20, 1e-5, fingerprint="fedcba987654")
    saved(folder, 21, 1e-5, target="torch-cpu-compile")
    assert len(read(files([folder]))) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"benchmarks": 3}', "null"])
def test_what_is_no_saved_run_is_refused_in_one_sentence(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(HistoryError, match="is no file of pytest-benchmark"):
        read([tmp_path / "x.json"])


@pytest.mark.parametrize("spent", [0, -1.0, "fast", None, float("nan")])
def test_a_time_that_is_none_is_left_out(tmp_path, spent):
    assert read([saved(tmp_path, 1, spent)]) == []


@pytest.mark.parametrize("at", [3, 10, 27])
def test_a_change_of_level_is_found_where_it_is(at):
    assert change_points(noisy([0.0] * at + [0.2] * (30 - at))) == [at]


def test_two_changes_are_two():
    assert change_points(noisy([0.0] * 10 + [0.3] * 10 + [0.1] * 10)) == [10, 20]


def test_noise_alone_hardly_ever_changes_level():
    assert sum(bool(change_points(noisy([0.0] * 40, seed=seed))) for seed in range(200)) <= 10


def test_one_bad_day_is_no_change_of_level():
    values = noisy([0.0] * 30, 0.005)
    values[12] += 0.05
    assert change_points(values) == []


@pytest.mark.parametrize("count", range(6))
def test_a_few_runs_tell_nothing(count):
    assert change_points([0.0, 1.0, 0.0, 1.0, 0.0][:count]) == []


def test_noise_is_measured_in_spite_of_a_change_of_level():
    assert noise(noisy([0.0] * 50 + [5.0] * 50)) == pytest.approx(0.02, rel=0.3)
    assert noise([1.0] * 10) == 0.01


def test_movements_say_from_where_to_where_and_the_largest_come_first():
    up, down = series([1.0] * 5 + [1.1] * 5), series([1.0] * 5 + [0.5] * 5)
    (one,) = movements(up)
    assert (one.at, one.change) == (5, pytest.approx(0.1))
    assert [found.series for found in largest([up, down])] == [down, up]


def test_the_table_names_what_changed_where_the_level_did(folder):
    text = "\n".join(table(read(files([folder])), 20))
    assert "1 series in 12 runs on 1 kinds of machine; 1 changes of level" in text
    assert "+20.0%" in text
    assert "10 µs to 12 µs, since 2026-11-08T08:00, commit 0000000000, torch 2.12.0 to 2.13.0" in text


def test_times_are_written_as_a_person_reads_them():
    assert [seconds(value) for value in (2.0, 1.5e-3, 1e-5, 3e-8)] == ["2 s", "1.5 ms", "10 µs", "30 ns"]


def test_a_drawing_has_a_dot_for_each_run_and_a_mark_for_each_change():
    one = series([1.0] * 5 + [1.2] * 5)
    text = str(drawn(one, movements(one)))
    assert text.count("<circle") == 10
    assert text.count('class="change"') == 1
    assert text.count('class="level"') == 2
    assert not any(math.isnan(float(part)) for part in text.split('"') if part.replace(".", "").isdigit())


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def test_the_page_shows_everything_loads_nothing_and_runs_nothing_but_its_own(tmp_path):
    saved(tmp_path, 1, 1e-5, case="<script>alert(1)</script>", versions={"<b>": "<i>"})
    page = Tags()
    text = render(read(files([tmp_path])), 20)
    page.feed(text)
    tags = [tag for tag, _ in page.seen]
    assert "svg" in tags
    assert tags.count("script") == 1
    assert not {"b", "i", "link", "img"} & set(tags)
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_the_latest_times_stand_beside_their_figures(tmp_path):
    saved(tmp_path, 1, 2e-4, elements_per_second=2.5e9, share_of_copy=0.42, peak_bytes=3 << 20)
    row = next(line for line in render(read(files([tmp_path])), 20).splitlines() if "2.5 G" in line)
    assert all(f">{figure}<" in row for figure in ("200 µs", "2.5 G", "42 %", "3.15 MB"))


def test_the_command_prints_the_table_and_writes_the_page(folder, tmp_path):
    done = CliRunner().invoke(bench_history, [str(folder), "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    assert "+20.0%" in done.output
    assert "Largest movements" in (tmp_path / "page.html").read_text()


def test_the_command_says_what_is_missing(tmp_path):
    done = CliRunner().invoke(bench_history, [str(tmp_path / "nothing")])
    assert done.exit_code == 2
    assert "--benchmark-autosave" in done.output
    assert CliRunner().invoke(bench_history, [str(tmp_path)]).exit_code == 2
