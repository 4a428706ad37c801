"""TensorFlow 2.21: tf.nn.l2_normalize leaves its axis to the reduction, whose errors do not speak of the argument.

Right: TypeError for an axis that is no integer, and ValueError for one that the input does not have.
"""

import tensorflow as tf

raised = {}
for axis in ("last", 1.5, 5):
    try:
        tf.nn.l2_normalize(tf.ones((2, 3)), axis)
    except Exception as error:
        raised[axis] = type(error).__name__
print(f"tensorflow {tf.__version__}: by axis, l2_normalize of rank 2 raises {raised}")
raise SystemExit(0 if raised != {"last": "TypeError", 1.5: "TypeError", 5: "ValueError"} else 1)
