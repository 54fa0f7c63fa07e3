"""The pictures of the golden set: small, degraded, made from the example photographs and a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, PngImagePlugin

__all__ = ["KERNEL", "arrays", "lost_pixels", "make_files", "make_large", "make_scans", "photo", "pil_images"]

Array = NDArray[Any]

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"
WIDTH, HEIGHT = 96, 80
ORIENTATION = 0x0112  # the tag of EXIF
KERNEL = np.outer((1, 2, 3, 2, 1), (1, 3, 1)) / 45  # (5, 3)


def photo(name: str, width: int = WIDTH, height: int = HEIGHT, sigma: float = 15.0, seed: int = 0) -> Array:
    """Make a noisy small photograph.

    Args:
        name: a file in `examples/photos`.
        width, height: px.
        sigma: standard deviation of the noise, 0-255 scale.
        seed: of the noise.

    Returns:
        (height, width, 3) in [0, 1], float32.
    """
    small = np.asarray(Image.open(PHOTOS / name).convert("RGB").resize((width, height), Image.Resampling.BOX))
    noise = np.random.default_rng(seed).normal(0, sigma, small.shape)
    return np.clip((small + noise) / 255, 0, 1).astype(np.float32)


def levels(pixels: Array, kind: type[np.unsignedinteger[Any]]) -> Array:
    """Round pixels in [0, 1] to the whole numbers of a type."""
    return (pixels.astype(np.float64) * np.iinfo(kind).max).round().astype(kind)


def with_alpha(pixels: Array) -> Array:
    """Add an opacity: a ramp, with a fully transparent corner whose colours are junk; (H, W, C + 1)."""
    height, width, channels = pixels.shape
    ramp = np.linspace(0.2, 1, width, dtype=np.float32) * np.ones((height, 1), np.float32)
    ramp[: height // 4, : width // 4] = 0
    junk = np.random.default_rng(9).random((height // 4, width // 4, channels), np.float32)
    painted = pixels.copy()
    painted[: height // 4, : width // 4] = junk
    return np.dstack([painted, ramp])


def lost_pixels(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.bool_]:
    """Make a mask of a line, a block and some single pixels; (height, width)."""
    mask = np.random.default_rng(5).random((height, width)) < 0.02
    mask[height // 2 : height // 2 + 3] = True
    mask[height // 5 : height // 3, width // 2 : width // 2 + 8] = True
    return mask


def arrays() -> dict[str, Array]:
    """Make arrays of every type and number of channels that Python takes."""
    rgb = photo("chelsea.png")
    gray = rgb.mean(axis=2, keepdims=True)
    made: dict[str, Array] = {}
    for shape, pixels in {
        "gray": gray[:, :, 0], "gray1": gray, "graya": with_alpha(gray), "rgb": rgb, "rgba": with_alpha(rgb)
    }.items():  # fmt: skip
        made[f"{shape}-uint8"] = levels(pixels, np.uint8)
        made[f"{shape}-uint16"] = levels(pixels, np.uint16)
        made[f"{shape}-float32"] = pixels
    made["rgb-float64"] = rgb.astype(np.float64)
    made["rgb-beyond"] = rgb * np.float32(1.4) - np.float32(0.2)
    made["odd"] = levels(photo("coffee.png", 33, 17), np.uint8)
    made["one"] = made["rgb-uint8"][:1, :1]
    made["clean"] = levels(photo("rocket.jpg", sigma=0.0), np.uint8)
    return made


def pil_images(made: dict[str, Array]) -> dict[str, Image.Image]:
    """Make PIL images of the usual modes."""
    rgb = Image.fromarray(made["rgb-uint8"])
    return {
        "L": Image.fromarray(made["gray-uint8"]),
        "LA": Image.fromarray(made["graya-uint8"]),
        "RGB": rgb,
        "RGBA": Image.fromarray(made["rgba-uint8"]),
        "I;16": Image.fromarray(made["gray-uint16"]),
        "F": Image.fromarray(made["gray-float32"]),
        "P": rgb.quantize(32),
        "1": rgb.convert("1"),
        "CMYK": rgb.convert("CMYK"),
    }


def save_deep(pixels: Array, path: Path) -> None:
    """Save 16-bit levels as PNG, which Pillow cannot."""
    kind = "rgb16" if pixels.shape[2] > 2 else "grey16"
    pyvips.Image.new_from_array(pixels, interpretation=kind).write_to_file(str(path))


def make_files(folder: Path) -> None:
    """Write a file of each kind that the command line reads.

    Beside them lie `mask.png`, `small-mask.png`, `kernel.png` and `kernel.npy`; `painted.png` has lost pixels in pure
    red, `scratched.png` has scratches, and `broken.png` is no picture.
    """
    folder.mkdir()
    made = arrays()
    rgb, rgba, gray = (Image.fromarray(made[f"{kind}-uint8"]) for kind in ("rgb", "rgba", "gray"))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "a camera"
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a cat")
    wide = bytes(
        pyvips.Image.black(1, 1).copy(interpretation="srgb").icc_export(output_profile="p3").get("icc-profile-data")
    )
    rgb.save(folder / "plain.jpg", quality=35)
    rgb.save(folder / "turned.jpg", quality=80, exif=exif, dpi=(300, 300))
    rgb.save(folder / "wide.jpg", quality=90, icc_profile=wide)
    rgb.save(folder / "progressive.jpg", quality=60, progressive=True)
    gray.save(folder / "gray.jpg", quality=50)
    rgb.convert("CMYK").save(folder / "cmyk.jpg", quality=85)
    rgb.save(folder / "rgb.png", pnginfo=text, dpi=(72, 72), icc_profile=wide)
    rgba.save(folder / "rgba.png")
    rgb.quantize(32).save(folder / "palette.png")
    gray.save(folder / "gray.png")
    save_deep(made["rgb-uint16"], folder / "rgb16.png")
    save_deep(made["rgba-uint16"], folder / "rgba16.png")
    save_deep(made["graya-uint16"], folder / "graya16.png")
    tifffile.imwrite(folder / "float.tif", made["rgb-float32"])
    tifffile.imwrite(folder / "sensor.tif", made["gray-float32"] * np.float32(4095))
    tifffile.imwrite(folder / "gray16.tif", made["gray-uint16"], compression="zlib")
    pages = [levels(photo("coffee.png", seed=seed), np.uint8) for seed in range(3)]
    tifffile.imwrite(folder / "pages.tif", np.stack(pages), photometric="rgb")
    tifffile.imwrite(folder / "tiled.tif", made["rgb-uint16"], tile=(32, 32), photometric="rgb", bigtiff=True)
    rgb.save(folder / "plain.webp", quality=70)
    rgba.save(folder / "rgba.webp", lossless=True)
    pyvips.Image.new_from_array(made["rgb-uint8"]).write_to_file(str(folder / "plain.avif"), Q=60)
    rgb.quantize(64).save(folder / "colours.gif")
    Image.fromarray(made["clean"]).save(folder / "clean.png")

    mask = lost_pixels()
    Image.fromarray(mask).save(folder / "mask.png")
    Image.fromarray(mask[:10, :10]).save(folder / "small-mask.png")
    painted = made["rgb-uint8"].copy()
    painted[mask] = 255, 0, 0
    Image.fromarray(painted).save(folder / "painted.png")
    scratched = Image.fromarray(levels(photo("rocket.jpg", 160, 120, sigma=2.0), np.uint8))
    ImageDraw.Draw(scratched).line([(20, 5), (28, 60), (31, 115)], fill=(250, 250, 250), width=2)
    scratched.save(folder / "scratched.png")
    Image.fromarray(levels(KERNEL / KERNEL.max(), np.uint8)).save(folder / "kernel.png")
    np.save(folder / "kernel.npy", KERNEL)
    (folder / "broken.png").write_bytes((folder / "rgb.png").read_bytes()[:300])


def make_scans(folder: Path) -> None:
    """Write a folder to restore, with pictures, a subfolder, a broken picture and files to ignore; and its masks."""
    (folder / "below").mkdir(parents=True)
    masks = folder.with_name("masks")
    (masks / "below").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.jpg", "c.tif", "below/d.webp", "below/e.png")):
        size = 64 + 8 * number, 56 - 4 * number
        Image.fromarray(levels(photo("astronaut.png", *size, seed=number), np.uint8)).save(folder / name)
        Image.fromarray(lost_pixels(size[1], size[0])).save((masks / name).with_suffix(".png"))
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_bytes((folder / "a.png").read_bytes())
    Image.new("RGB", (8, 8)).save(folder / "old.bmp")


def make_large() -> None:
    """Write `large.jpg`, of 4.1 megapixels, and `deep.png` and `long.tif`, which are too large for 275 MB."""
    Image.fromarray(levels(photo("astronaut.png", 2304, 1792), np.uint8)).save("large.jpg", quality=60)
    save_deep(levels(with_alpha(photo("coffee.png", 900, 900)), np.uint16), Path("deep.png"))
    pages = [levels(photo("coffee.png", 640, 480, seed=seed), np.uint8) for seed in range(3)]
    tifffile.imwrite("long.tif", np.stack(pages), photometric="rgb", compression="zlib")
