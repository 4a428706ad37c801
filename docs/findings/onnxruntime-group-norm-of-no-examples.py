"""ONNX Runtime 1.31: GroupNormalization of a batch without examples fails in the Reshape that it is made of.

Right: an output without examples, as LayerNormalization and BatchNormalization give.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

given = {"X": np.ones((0, 4, 3), np.float32), "scale": np.ones(4, np.float32), "bias": np.zeros(4, np.float32)}
node = helper.make_node("GroupNormalization", list(given), ["Y"], num_groups=2)
inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, one.shape) for name, one in given.items()]
graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
try:
    session.run(None, given)
except Exception as error:
    text = " ".join(str(error).split())[:90]
    print(
        f"onnxruntime {onnxruntime.__version__}: GroupNormalization of (0, 4, 3) raises {type(error).__name__}: {text}"
    )
    raise SystemExit(0) from None
raise SystemExit(1)
