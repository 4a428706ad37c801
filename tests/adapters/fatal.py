"""The reference, but for three shapes of input: at one it is killed, at one it hangs, at one it fills the memory."""

import os
import signal
import time
from pathlib import Path

from normcheck.adapters.reference import ReferenceAdapter


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def hangs():
    if "FATAL_PID" in os.environ:
        Path(os.environ["FATAL_PID"]).write_text(str(os.getpid()))
    time.sleep(600)


def fills():
    hoard = bytearray()
    while True:
        hoard += bytes(16 << 20)


FAULTS = {(3, 7): killed, (2, 3, 7): hangs, (2, 3, 2, 7): fills}


class Adapter(ReferenceAdapter):
    name = "fatal"

    def construct(self, layer, arguments, shape, dtype):
        FAULTS.get(tuple(shape), lambda: None)()
        return super().construct(layer, arguments, shape, dtype)
