"""tf_keras takes arguments that make no sense: a negative epsilon or variance, a regularizer that is no name.

Right: ValueError at construction or build that names the argument.
"""

import tf_keras

told = []
for make in (
    lambda: tf_keras.layers.LayerNormalization(epsilon=-1.0),
    lambda: tf_keras.layers.GroupNormalization(1, epsilon=-1.0),
    lambda: tf_keras.layers.Normalization(mean=0.0, variance=-1.0),
    lambda: tf_keras.layers.GroupNormalization(-2),
):
    make().build((2, 4))
    told.append("accepted")
try:
    tf_keras.layers.GroupNormalization(0).build((2, 4))
except ZeroDivisionError as error:
    told.append(f"ZeroDivisionError: {error}")
print(f"tf_keras {tf_keras.__version__}: {told}")
raise SystemExit(0 if len(told) == 5 else 1)
