"""A widget for napari: restores the chosen image layer into a new layer. Needs rednet and napari.

python napari_rednet.py [picture ...]
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rednet


def restore_pictures(
    data: Any, rgb: bool, model: str, sigma: float, strength: float, lowest: float, highest: float
) -> NDArray[Any]:
    """Restore a picture, or each picture of a stack, (..., H, W) or with `rgb` (..., H, W, 3 or 4).

    Args:
        data: numbers of any range.
        rgb: whether the last axis is colour.
        model: a shipped model, or the path of a model folder.
        sigma: strength of the noise on the scale of 0 to 255; 0 if it is unknown.
        strength: how much of the noise to remove, 0 to 1.
        lowest, highest: the numbers that are black and white.
    """
    restorer = rednet.Restorer.from_pretrained(model)
    values = np.asarray(data)
    pictures = values.reshape(-1, *values.shape[-3 if rgb else -2 :])
    black_and_white = None if values.dtype == np.uint8 else (float(lowest), float(highest))
    restored = [
        restorer.restore(picture, facts={"sigma": sigma or None}, strength=strength, range=black_and_white)
        for picture in pictures
    ]
    return np.stack(restored).reshape(values.shape)


def add_widget(viewer: Any) -> Any:
    """Add the widget to a viewer, and return it."""
    from magicgui import magicgui

    @magicgui(  # type: ignore[untyped-decorator, unused-ignore]
        call_button="Restore",
        model={"tooltip": "universal, fast, real, or a folder that rednet finetune has written"},
        sigma={"max": 75.0, "tooltip": "strength of the noise on the scale of 0 to 255; 0 if it is unknown"},
        strength={"widget_type": "FloatSlider", "max": 1.0},
    )
    def restore(
        layer: "napari.layers.Image",
        model: str = "universal",
        sigma: float = 0.0,
        strength: float = 1.0,
    ) -> None:
        result = restore_pictures(layer.data, layer.rgb, model, sigma, strength, *layer.contrast_limits_range)
        shown = {} if layer.rgb else {"contrast_limits": layer.contrast_limits, "colormap": layer.colormap}
        name = f"{layer.name}, restored"
        viewer.add_image(result, rgb=layer.rgb, name=name, scale=layer.scale, translate=layer.translate, **shown)

    viewer.window.add_dock_widget(restore, name="rednet")
    return restore


if __name__ == "__main__":
    import napari

    window = napari.Viewer()
    for path in sys.argv[1:]:
        window.open(path)
    add_widget(window)
    napari.run()
