"""ONNX Runtime 1.31: GroupNormalization of doubles is computed in float32, as its stash_type of 1 has it.

Right: as in LayerNormalization, whose stash_type is 1 too and which computes doubles in double.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

x = np.random.default_rng(0).standard_normal((2, 4, 8))
weights = {"scale": np.ones(4), "bias": np.zeros(4)}
node = helper.make_node("GroupNormalization", ["X", *weights], ["Y"], num_groups=2)
given = [
    helper.make_tensor_value_info(name, TensorProto.DOUBLE, one.shape) for name, one in {"X": x, **weights}.items()
]
graph = helper.make_graph([node], "g", given, [helper.make_tensor_value_info("Y", TensorProto.DOUBLE, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
got = session.run(None, {"X": x, **weights})[0]
wide = x.reshape(2, 2, 16)
right = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + float(np.float32(1e-5)))
off = float(abs(got - right.reshape(x.shape)).max())
print(f"onnxruntime {onnxruntime.__version__}: GroupNormalization of doubles is off by {off:.3g}")
raise SystemExit(0 if off > 1e-12 else 1)
