"""One half of a file's way from one target to another: the one leaves it in a folder, and the other opens it there."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from typing import Any, Literal

from .interface import Adapter, Observation, Request, Step, StepSeen, Unsupported
from .observe import Notes, Stopped, describe, drive

# In a file, what `configuration` otherwise hands on in memory.
AS_FILE = {"configuration": "json"}


@dataclass(frozen=True, slots=True)
class Filing:
    """Half of the way.

    do: `save`: do everything that the request says, and leave the layer in `folder`; `open`: what another target left.
    how: the form, as `Adapter.save` knows it. Either way the layer is then called once more, as trained.
    """

    do: Literal["save", "open"]
    request: Request
    folder: str
    how: str

    @property
    def case(self) -> str:
        """The id of the case."""
        return self.request.case


def filed(adapter: Adapter, filing: Filing) -> Observation:
    """The one call afterwards as the only step, or what was raised on the way, with its phase."""
    notes = Notes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with adapter.settings(filing.request):
                return _filed(adapter, filing, notes)
        except KeyboardInterrupt:
            raise
        except (Unsupported, Stopped) as reason:
            return Observation(filing.case, unsupported={"layer": str(reason)})
        except BaseException as error:  # a framework may raise anything, SystemExit too
            return Observation(filing.case, raised=describe(error, notes.phase, None))


def _filed(adapter: Adapter, filing: Filing, notes: Notes) -> Observation:
    how = AS_FILE.get(filing.how, filing.how)
    if filing.do == "save":
        layer = drive(adapter, replace(filing.request, restore=()), notes)
        os.makedirs(filing.folder, exist_ok=True)
        notes.phase = "save"
        adapter.save(layer, filing.folder, how)
    else:
        notes.phase = "load"
        layer = adapter.load(filing.folder, filing.request, how)
    return Observation(filing.case, steps=(_called(adapter, layer, filing.request.steps[-1], notes),))


def _called(adapter: Adapter, layer: Any, last: Step, notes: Notes) -> StepSeen:
    """One call with the last step's input, as trained: what a layer has kept then shows in its output."""
    notes.phase = "call"
    training = None if last.training is None else False
    return StepSeen(output=adapter.to_array(adapter.call(layer, adapter.to_native(last.input), training)))
