"""Says where it runs, needs a module beside it, and can be made to fail."""

from __future__ import annotations

import os
import signal
import sys
import time

import far_beside

import normcheck
from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "away"
    requires = ("numpy",)

    def versions(self):
        return dict(super().versions()) | {"root": normcheck.__path__[0], "beside": far_beside.WORD}

    def construct(self, layer, arguments, shape, dtype):
        if layer == "crash":
            print("the last words", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        if layer == "hang":
            time.sleep(600)
        return super().construct(layer, arguments, shape, dtype)
