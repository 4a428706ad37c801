"""ONNX Runtime 1.31: what InstanceNormalization makes of an example depends on where it lies in the batch.

Right: the same bits wherever the example stands.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

weights = {"scale": np.ones(5, np.float32), "B": np.zeros(5, np.float32)}
node = helper.make_node("InstanceNormalization", ["X", *weights], ["Y"])
value = helper.make_tensor_value_info
given = [value("X", TensorProto.FLOAT, None), *(value(name, TensorProto.FLOAT, [5]) for name in weights)]
graph = helper.make_graph([node], "g", given, [value("Y", TensorProto.FLOAT, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
other = 0
for seed in range(50):
    x = np.random.default_rng(seed).standard_normal((3, 5, 33)).astype(np.float32)
    alone, among = (session.run(None, {"X": one, **weights})[0] for one in (x[1:2].copy(), x))
    other += int((alone[0] != among[1]).sum())
print(f"onnxruntime {onnxruntime.__version__}: {other} of {50 * 165} outputs are other bits alone than among others")
raise SystemExit(0 if other else 1)
