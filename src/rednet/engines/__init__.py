"""Programs that run a network: ncnn (default), ONNX Runtime and torch."""
