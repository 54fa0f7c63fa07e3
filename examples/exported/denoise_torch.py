"""Removes noise of a known strength with torch alone; needs numpy, pillow and torch, not rednet.

rednet export universal.pt2
python denoise_torch.py universal.pt2 noisy.png clean.png 25
"""

import sys

import numpy as np
import torch
from PIL import Image

HINTS = 4  # of the shipped networks universal and fast
network, source, target, sigma = sys.argv[1:]
run = torch.export.load(network).module()
picture = np.asarray(Image.open(source).convert("RGB"), np.float32) / 255
height, width, _ = picture.shape
even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "reflect")  # the exported network needs even sides
y = torch.from_numpy(even.transpose(2, 0, 1).copy())[None]
told = torch.zeros(1, 2 * HINTS)
told[0, :2] = torch.tensor([1, float(sigma) / 50])  # the first hint is noise: it is known, and how strong it is
with torch.no_grad():
    x_hat = run(y, mask=torch.zeros_like(y[:, :1]), hints=told)[0].numpy().transpose(1, 2, 0)[:height, :width]
Image.fromarray(np.clip(np.rint(255 * x_hat), 0, 255).astype(np.uint8)).save(target)
