"""TensorFlow Addons' FilterResponseNormalization takes one size of images alone, and any number of channels for one.

The first is refused though no weight depends on it; the second gives an output of another shape than the input's.
Right: the sizes of images may differ, and another number of channels is refused.
"""

import tensorflow as tf
import tensorflow_addons as tfa

told = []
for shape in ((1, 5, 2, 4), (1, 2, 3, 1)):
    layer = tfa.layers.FilterResponseNormalization()
    layer.build((1, 2, 3, 4))
    try:
        told.append(layer(tf.ones(shape)).shape.as_list())
    except Exception as error:
        told.append(type(error).__name__)
print(f"tensorflow-addons {tfa.__version__}: {told}, right are [[1, 5, 2, 4], an error]")
raise SystemExit(0 if told == ["ValueError", [1, 2, 3, 4]] else 1)
