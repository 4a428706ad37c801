"""An adapter whose layers are faults: the layer's name says what happens when it is called."""

import ctypes
import os
import signal
import sys
import time

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Adapter as Base
from normcheck.adapters.interface import Unsupported


def abort():
    sys.stderr.write("about to abort\n")
    os.abort()


def fill():
    hoard = bytearray()
    while True:
        hoard += bytes(16 << 20)


def chatter():
    for _ in range(2000):
        print("to standard output " * 10)
        os.write(1, b"native output\n")
        os.write(2, b"native error\n")


def stick():
    """A hang in native code that keeps Python's lock, so that no thread of the process can run."""
    ctypes.PyDLL(None).sleep(600)


FAULTS = {
    "same": lambda: None,
    "abort": abort,
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "sigkill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(7),
    "leave": lambda: sys.exit(3),
    "hang": lambda: time.sleep(600),
    "stick": stick,
    "fill": fill,
    "chatter": chatter,
}


class Adapter(Base):
    name = "faults"
    modes = ("eager", "graph")
    compiling = ("graph",)
    environment = {"NORMCHECK_TEST": "set"}  # noqa: RUF012

    def versions(self):
        return {"numpy": np.__version__}

    def threads(self):
        return int(os.environ.get("OMP_NUM_THREADS", "1"))

    def construct(self, layer, arguments, shape, dtype):
        if layer == "hang_on_construction":
            time.sleep(600)
        if layer not in FAULTS:
            raise Unsupported(f"faults offers no {layer}")
        return FAULTS[layer]

    def weights(self, layer):
        return ()

    def to_native(self, array):
        return decode(array)

    def to_array(self, native):
        return encode(native)

    def call(self, layer, x, training):
        layer()
        return x
