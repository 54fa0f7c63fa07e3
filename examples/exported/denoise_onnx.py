"""Removes noise of a known strength with ONNX Runtime; needs numpy, pillow and onnxruntime, not rednet.

rednet export universal.onnx
python denoise_onnx.py universal.onnx noisy.png clean.png 25
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image

network, source, target, sigma = sys.argv[1:]
session = onnxruntime.InferenceSession(network)
y = np.asarray(Image.open(source).convert("RGB"), np.float32).transpose(2, 0, 1)[None] / 255  # (1, 3, H, W)
_, mask, hints = session.get_inputs()
told = np.zeros((1, hints.shape[1]), np.float32)
told[0, :2] = 1, float(sigma) / 50  # the first hint is noise: it is known, and how strong it is
feed = {"y": y, mask.name: np.zeros_like(y[:, :1]), hints.name: told}
[x_hat] = session.run(["x_hat"], feed)
levels = np.clip(np.rint(255 * x_hat[0].transpose(1, 2, 0)), 0, 255).astype(np.uint8)
Image.fromarray(levels).save(target)
