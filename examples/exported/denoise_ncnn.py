"""Removes noise of a known strength with ncnn; needs numpy, pillow and ncnn, not rednet.

rednet export universal.param
python denoise_ncnn.py universal.param noisy.png clean.png 25

In ncnn the network is the inner part: it takes the planes of a picture with even sides and of its mask, and hints at
half the resolution, and returns what is to be added to the picture.
"""

import sys

import ncnn
import numpy as np
from PIL import Image

HINTS = 4  # of the shipped networks universal and fast
network, source, target, sigma = sys.argv[1:]
net = ncnn.Net()
net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
net.load_param(network)
net.load_model(network.removesuffix(".param") + ".bin")

picture = np.asarray(Image.open(source).convert("RGB"), np.float32) / 255
height, width, _ = picture.shape
y = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "reflect").transpose(2, 0, 1)
planes = np.ascontiguousarray(np.concatenate([y, np.zeros_like(y[:1])]))  # no pixel is missing
hints = np.zeros((2 * HINTS, y.shape[1] // 2, y.shape[2] // 2), np.float32)
hints[0], hints[1] = 1, float(sigma) / 50  # the first hint is noise: it is known, and how strong it is

extractor = net.create_extractor()
extractor.input("planes", ncnn.Mat(planes).clone())
extractor.input("hints", ncnn.Mat(hints).clone())
status, residual = extractor.extract("residual")
x_hat = (y + np.array(residual)).transpose(1, 2, 0)[:height, :width]
Image.fromarray(np.clip(np.rint(255 * x_hat), 0, 255).astype(np.uint8)).save(target)
