"""TensorFlow 2.21: the second derivative of tf.nn.moments' variance is wrong, and so are those of Keras' layers.

It squares x - stop_gradient(mean). Right: the Hessian of the variance times t is 2/n (t - mean(t)), not 2/n t.
LayerNormalization, BatchNormalization in training and GroupNormalization inherit it.
https://github.com/tensorflow/tensorflow/pull/19609 notes only that the first derivative does not change.
"""

import tensorflow as tf

x, t = tf.constant([1.0, 2.0, 4.0, 8.0]), tf.constant([1.0, 0.0, 0.0, 0.0])


def second(variance):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = variance(x)
        gradient = inner.gradient(value, x)
    return outer.gradient(gradient, x, output_gradients=t).numpy()


got, right = second(lambda x: tf.nn.moments(x, [0])[1]), second(tf.math.reduce_variance)
print(f"tensorflow {tf.__version__}: the Hessian of the variance times {t.numpy()} is {got}, right is {right}")
raise SystemExit(0 if abs(got - right).max() > 0.1 else 1)
