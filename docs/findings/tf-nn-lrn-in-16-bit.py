"""TensorFlow 2.21: tf.nn.local_response_normalization adds up squares in float16, and has no bfloat16 on a processor.

Right: sums in float32, of which 300 / (1 + 300^2) is 0.0033 in float16 too. Its documentation lists bfloat16.
"""

import numpy as np
import tensorflow as tf

got = float(tf.nn.local_response_normalization(np.full((1, 1, 1, 1), 300.0, "float16"), beta=1.0)[0, 0, 0, 0])
print(f"tensorflow {tf.__version__}: 300 / (1 + 300^2) in float16 is {got}, right is {np.float16(300 / 90001):.4f}")
try:
    tf.nn.local_response_normalization(tf.ones((1, 1, 1, 1), "bfloat16"))
except tf.errors.NotFoundError as error:
    print(f"tensorflow {tf.__version__}: in bfloat16, {str(error).splitlines()[0][:60]}")
    raise SystemExit(0 if abs(got - 300 / 90001) > 1e-3 or np.isnan(got) else 1) from None
raise SystemExit(1)
