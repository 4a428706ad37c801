"""tf_keras LayerNormalization(axis=[2, 1]) gives gamma in the order of the list, and uses it in that of the input.

Right: the order of the input's axes, as in Keras from 3.14; where lengths differ, gamma meets other elements.
"""

import tensorflow as tf
import tf_keras

layer = tf_keras.layers.LayerNormalization(axis=[2, 1])
layer.build((2, 3, 4))
layer.gamma.assign(tf.reshape(tf.range(12, dtype="float32"), (4, 3)))
layer.beta.assign(tf.reshape(tf.range(12, dtype="float32"), (4, 3)))
used = layer(tf.zeros((2, 3, 4)))[0]
right = tf.transpose(layer.beta)
told = f"gamma is {layer.gamma.shape}, the first row gets {used[0]} of beta, not {right[0]}"
print(f"tf_keras {tf_keras.__version__}: {told}")
raise SystemExit(0 if layer.gamma.shape == (4, 3) and bool(tf.reduce_any(used != right)) else 1)
