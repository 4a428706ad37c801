"""TensorFlow 2.21: in tf.nn.local_response_normalization, one NaN spoils every channel at its place on a processor.

Right: the window of three holds it in channels 0 and 1 alone. The kernel adds up a window as the product with a
matrix of zeros and ones, in which zero times NaN, or times infinity, is NaN.
"""

import numpy as np
import tensorflow as tf

x = np.ones((1, 1, 1, 5), "float32")
spoilt = {}
for name in ("nan", "inf"):
    x[0, 0, 0, 0] = float(name)
    got = tf.nn.local_response_normalization(x, depth_radius=1).numpy().ravel()
    spoilt[name] = np.flatnonzero(np.isnan(got)).tolist()
    print(f"tensorflow {tf.__version__}: with {name} in channel 0 of 5, channels {spoilt[name]} are NaN")
raise SystemExit(0 if 4 in spoilt["nan"] and 4 in spoilt["inf"] else 1)
