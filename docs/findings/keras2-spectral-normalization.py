"""tf_keras SpectralNormalization asks tf.keras for its InputSpec, which is that of Keras 3 where both are installed.

Right: a layer that can be built.
"""

import tf_keras

try:
    tf_keras.layers.SpectralNormalization(tf_keras.layers.Dense(3)).build((2, 5))
except TypeError as error:
    print(f"tf_keras {tf_keras.__version__}: TypeError: {error}")
    raise SystemExit(0) from None
raise SystemExit(1)
