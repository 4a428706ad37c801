"""tf_keras LayerNormalization over two axes raises in a tf.function whose number of examples is not known.

On a processor TensorFlow joins the fused kernel, the product with gamma and the sum with beta into one operation of
oneDNN, which wants gamma to have one axis. Over one axis, with the number known, or outside of a graph, it works.
"""

import tensorflow as tf
import tf_keras

layer = tf_keras.layers.LayerNormalization(axis=[1, 2])
x = tf.random.normal((2, 4, 3))
right = layer(x)
traced = tf.function(layer, input_signature=[tf.TensorSpec((None, 4, 3))])
try:
    told = f"differs by {float(tf.reduce_max(tf.abs(traced(x) - right))):.1e}"
except tf.errors.InvalidArgumentError as error:
    told = next(line for line in str(error).splitlines() if "1D tensor" in line)
print(f"tensorflow {tf.__version__}, tf_keras {tf_keras.__version__}: {told}")
raise SystemExit(0 if "must be 1D" in told else 1)
