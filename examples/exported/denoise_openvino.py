"""Removes noise of a known strength with OpenVINO; needs numpy, pillow and openvino, not rednet.

rednet export universal.xml
python denoise_openvino.py universal.xml noisy.png clean.png 25
"""

import sys

import numpy as np
import openvino
from PIL import Image

network, source, target, sigma = sys.argv[1:]
run = openvino.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
y = np.asarray(Image.open(source).convert("RGB"), np.float32).transpose(2, 0, 1)[None] / 255  # (1, 3, H, W)
told = np.zeros((1, run.input("hints").partial_shape[1].get_length()), np.float32)
told[0, :2] = 1, float(sigma) / 50  # the first hint is noise: it is known, and how strong it is
x_hat = run({"y": y, "mask": np.zeros_like(y[:, :1]), "hints": told})["x_hat"]
levels = np.clip(np.rint(255 * x_hat[0].transpose(1, 2, 0)), 0, 255).astype(np.uint8)
Image.fromarray(levels).save(target)
