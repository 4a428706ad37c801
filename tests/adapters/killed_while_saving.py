"""The reference, but its process is killed while it saves a layer of shape (2, 3), with a file in the folder."""

import os
import signal
from pathlib import Path

from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "killed_while_saving"

    def save(self, layer, folder, how):
        if layer.shape == (2, 3):
            Path(folder, "half").write_text(folder)
            os.kill(os.getpid(), signal.SIGKILL)
        super().save(layer, folder, how)
