"""Text to unit vectors: sentence-transformers when building, ONNX when serving."""
