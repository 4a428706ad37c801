"""PyTorch 2.13.0: the ONNX model that GroupNorm is exported to in bfloat16 is no valid model.

Right: a model whose operators take the types they are given, or an export that refuses.
"""

import importlib.metadata
import logging

import onnx
import torch

logging.disable(logging.WARNING)
module = torch.nn.GroupNorm(2, 4).bfloat16().eval()
model = torch.onnx.export(module, (torch.ones(2, 4, 3, dtype=torch.bfloat16),), dynamo=True, verbose=False).model_proto
version = f"torch {torch.__version__}, onnxscript {importlib.metadata.version('onnxscript')}"
opset = model.opset_import[0].version
try:
    onnx.checker.check_model(model, full_check=True)
except Exception as error:
    text = next(line for line in str(error).splitlines() if "InstanceNormalization" in line)
    print(f"{version}: opset {opset}: {text[:160]}")
    raise SystemExit(0) from None
raise SystemExit(1)
