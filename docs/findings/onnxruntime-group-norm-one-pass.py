"""ONNX Runtime 1.31: GroupNormalization takes the variance as mean(x^2) - mean(x)^2, which may turn negative.

Right: the variance about the mean, which is never negative, and finite outputs.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

x = (1e4 + np.random.default_rng(0).standard_normal((8, 4, 8))).astype(np.float32)
weights = {"scale": np.ones(4, np.float32), "bias": np.zeros(4, np.float32)}
node = helper.make_node("GroupNormalization", ["X", *weights], ["Y"], num_groups=2)
given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, one.shape) for name, one in {"X": x, **weights}.items()]
graph = helper.make_graph([node], "g", given, [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got = session.run(None, {"X": x, **weights})[0]
wide = x.astype(np.float64).reshape(8, 2, 16)
right = ((wide - wide.mean(-1, keepdims=True)) / wide.std(-1, keepdims=True)).reshape(x.shape)
lost, off = int(np.isnan(got).sum()), float(np.nanmax(abs(got - right)))
print(f"onnxruntime {onnxruntime.__version__}: at mean 1e4, {lost} of {got.size} are NaN, others off by {off:.3g}")
raise SystemExit(0 if lost or off > 0.1 else 1)
