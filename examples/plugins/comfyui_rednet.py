"""Lets ComfyUI load RED-Nets: put this file into `custom_nodes`, and weights into `models/upscale_models`.

ComfyUI's Python needs rednet (`pip install rednet`). The nodes "Load Upscale Model" and "Upscale Image (using Model)"
then restore pictures; they keep their size.
"""

import spandrel

from rednet.zoo.spandrel import register

register(spandrel)
NODE_CLASS_MAPPINGS: dict[str, type] = {}  # no node of its own
