"""ONNX: its normalization operators, on ONNX Runtime."""
