"""tf_keras layers that are not saved or copied: with regularizers, after adapt(), and in bfloat16.

Right: what pickle and copy take of a plain layer they take of every layer, and a .keras file of bfloat16 can be read.
"""

import copy
import pickle
import tempfile
from pathlib import Path

import numpy as np
import tf_keras

regularized = tf_keras.layers.LayerNormalization(gamma_regularizer="l2")
regularized.build((2, 3))
adapted = tf_keras.layers.Normalization()
adapted.adapt(np.ones((4, 3), "float32"))


def file():
    with tempfile.TemporaryDirectory() as folder:
        model = tf_keras.Sequential([tf_keras.Input((3,)), tf_keras.layers.LayerNormalization(dtype="bfloat16")])
        model.save(Path(folder, "x.keras"))
        tf_keras.models.load_model(Path(folder, "x.keras"))


told = []
for does in (lambda: pickle.dumps(regularized), lambda: copy.deepcopy(adapted), lambda: pickle.dumps(adapted), file):
    try:
        does()
    except Exception as error:
        told.append(f"{type(error).__name__}: {error}")
print(f"tf_keras {tf_keras.__version__}: {told}")
raise SystemExit(0 if len(told) == 4 else 1)
