"""A case as a script that runs by itself on the framework of one target."""

from __future__ import annotations

from normcheck.adapters.targets import Target

from ..case import Case
from ..requests.ask import request_for
from .script import script, titled


def case_script(case: Case, target: Target) -> str:
    """The script of `case` for the framework and the mode of `target`. Raises Unwritten where none can be written."""
    title = f"{case.id}, as {target.title.partition(' · ')[0]} is asked it."
    return titled(script(request_for(case, target.dialect), target.name, target.mode), title)
