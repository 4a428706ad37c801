"""The page and the table of a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from ..page import environment, policy
from ..summary import printable
from .changes import Movement, largest, movements
from .drawing import drawn, seconds
from .history import Series

REPORTS = Path(__file__).parent.parent


def table(every: Sequence[Series], most: int) -> Iterator[str]:
    """The largest movements as lines."""
    runs = {point.when for series in every for point in series.points}
    machines = {series.key.fingerprint for series in every}
    moved = largest(every)
    yield f"{len(every)} series in {len(runs)} runs on {len(machines)} kinds of machine; {len(moved)} changes of level"
    for one in moved[:most]:
        yield printable(f"  {sentence(one)}")


def sentence(one: Movement) -> str:
    """A movement in one line."""
    key, point = one.series.key, one.series.points[one.at]
    levels = f"{seconds(one.before)} to {seconds(one.after)}"
    why = changed(one)
    commit = f", commit {point.commit[:10]}" if point.commit else ""
    since = f"since {point.when[:16]}{commit}{f', {why}' if why else ''}"
    return f"{one.change:+7.1%}  {key.case} on {key.target}: {levels}, {since} ({key.fingerprint})"


def changed(one: Movement) -> str:
    """The versions that changed where the level did."""
    before, after = (one.series.points[at].versions for at in (one.at - 1, one.at))
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return ", ".join(f"{name} {before.get(name, 'none')} to {after.get(name, 'none')}" for name in names)


def render(every: Sequence[Series], most: int) -> str:
    """The page as HTML. The same history gives the same text."""
    style = "".join((REPORTS / name).read_text(encoding="utf-8") for name in ("page/page.css", "trends.css"))
    moved = largest(every)[:most]
    layers: dict[str, list[tuple[Series, Markup]]] = {}
    for series in every:
        layers.setdefault(series.layer, []).append((series, drawn(series, movements(series))))
    return (
        environment()
        .get_template("trends.html")
        .render(
            moved=moved,
            changed=changed,
            seconds=seconds,
            layers=layers,
            every=every,
            policy=policy(style, ""),
            style=Markup(style),  # noqa: S704 - the page's own file
        )
    )


def write_page(every: Sequence[Series], path: Path, most: int) -> Path:
    """Writes the page to `path`, and its folder where absent. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(every, most), encoding="utf-8", newline="\n")
    return path
