"""Draws the figures of "How RED-Net works" from the shapes in the code.

python docs/site/figures.py

Each figure is one SVG without a background. Its colours have a contrast of at least 4 to 1 on white and on the dark
background of the site, so that one file serves both.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from rednet.network.architecture import STEP, REDNetConfig

IMAGES = Path(__file__).parents[1] / "images"
SHIPPED = REDNetConfig(depth=20, width=64, channels=3, stride=2)
SEVERAL = REDNetConfig(channels=3, stride=2, levels=((64, 3), (128, 3), (256, 4)))

ENCODER, DECODER, SKIP, INK, PICTURE = "#3f7cc4", "#c2603a", "#2a9070", "#757c87", "#8a6bbf"
BACKGROUNDS = "#ffffff", "#0e0f13"  # of the site, light and dark
COLOURS = ENCODER, DECODER, SKIP, INK, PICTURE


class Drawing:
    """An SVG of a size in px; each method adds a shape."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height = width, height
        self.parts = [f"<title>{escape(title)}</title>"]

    def box(self, x: float, y: float, width: float, height: float, colour: str, text: str = "", size: int = 18) -> None:
        """Add a filled box with white text in its middle."""
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{colour}"/>')
        if text:
            middle = f'x="{x + width / 2:g}" y="{y + height / 2 + 6:g}"'
            self.parts.append(
                f'<text {middle} fill="#fff" text-anchor="middle" font-size="{size}">{escape(text)}</text>'
            )

    def text(self, x: float, y: float, words: str, colour: str = INK, anchor: str = "middle", size: int = 18) -> None:
        """Add a line of text on the background."""
        look = f'fill="{colour}" text-anchor="{anchor}" font-size="{size}"'
        self.parts.append(f'<text x="{x:g}" y="{y:g}" {look}>{escape(words)}</text>')

    def line(self, path: str, colour: str = INK, arrow: bool = True, dashed: bool = False) -> None:
        """Add a line along a path of SVG."""
        end = f' marker-end="url(#{colour[1:]})"' if arrow else ""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}{end}/>')

    def svg(self) -> str:
        """Return the file's text."""
        tips = "".join(
            f'<marker id="{colour[1:]}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
            for colour in COLOURS
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'font-family="sans-serif" font-size="18">\n<defs>{tips}</defs>\n' + "\n".join(self.parts) + "\n</svg>\n"
        )


def network(config: REDNetConfig = SHIPPED) -> str:
    """Draw the layers of a network of one level, its skips, and the way of the residual."""
    drawing = Drawing(1000, 350, f"RED-Net of {config.depth} layers, with its symmetric skips")
    half, step, left, top, tall = config.depth // 2, 36, 135, 120, 90
    middle = top + tall / 2

    def place(number: int) -> float:
        """Return the x of the middle of a layer, counted from 0."""
        return left + number * step + 12 + (24 if number >= half else 0)

    drawing.box(20, top + 10, 70, 70, PICTURE, "y")
    drawing.text(55, top + 100, "degraded")
    drawing.line(f"M90 {middle}H{left - 4}")
    for number, layer in enumerate(config.layers):
        colour = ENCODER if number < half else DECODER
        ends = number in (0, config.depth - 1)
        drawing.box(place(number) - 12, top - 12 * ends, 24, tall + 24 * ends, colour)
        if layer.skip is not None:
            start, end = place(layer.skip), place(number)
            height = 22 + (end - start) * 0.13
            drawing.line(f"M{start} {top - 3}C{start} {top - height} {end} {top - height} {end} {top - 5}", SKIP)
    drawing.text(place(0) + 4 * step + 18, top + tall + 34, f"{half} convolutions, {config.width} channels", ENCODER)
    drawing.text(place(half) + 4 * step + 18, top + tall + 34, f"{half} deconvolutions", DECODER)
    drawing.text(place(half) - 30, 22, "symmetric skips: added to the mirror layer", SKIP)
    out = place(config.depth - 1) + 12
    drawing.line(f"M{out} {middle}H{out + 27}")
    drawing.text(out + 40, middle + 6, "+", INK, size=26)
    drawing.text(out + 40, top - 16, "residual", INK)
    drawing.line(f"M55 {top + 108}V{top + tall + 70}H{out + 40}V{middle + 14}")
    drawing.text((55 + out) / 2, top + tall + 64, "the picture goes around the network, which learns only the error")
    drawing.line(f"M{out + 52} {middle}H{out + 76}")
    drawing.text(out + 80, middle + 4, "x̂", INK, "start", 24)
    drawing.box(10, 300, 125, 34, PICTURE, "mask, hints")
    drawing.line(f"M{place(0)} 300V{top + tall + 16}", PICTURE)
    drawing.line(f"M135 317H{place(0)}V300", PICTURE, arrow=False)
    drawing.text(170, 323, "what is missing, and what is known of the damage: both may be left out", PICTURE, "start")
    return drawing.svg()


def levels(config: REDNetConfig = SEVERAL) -> str:
    """Draw a network of several levels: down on the left, up on the right, skips between."""
    drawing = Drawing(1000, 340, f"RED-Net of {len(config.levels)} levels")
    step, top, drop, tall = 30, 50, 90, 46
    half = len(config.layers) // 2
    places: list[tuple[float, float]] = []
    x = 130.0
    samplings = [config.stride * STEP**number for number in range(len(config.levels))]
    for number, layer in enumerate(config.layers):
        level = samplings.index(layer.sampling)
        x += step + (10 if number == half else 0)
        places.append((x, top + level * drop))
    for number, layer in enumerate(config.layers):
        x, y = places[number]
        colour = ENCODER if number < half else DECODER
        if layer.kind == "down":
            drawing.line(f"M{x - step} {y - drop + tall + 4}L{x - 2} {y - 3}", ENCODER)
        if layer.kind == "up":
            drawing.line(f"M{x - step} {y + drop - 4}L{x - 2} {y + tall + 6}", DECODER)
        drawing.box(x - 11, y, 22, tall, colour, {"down": "2↓", "up": "2↑"}.get(layer.kind, ""), 14)
        if layer.skip is not None:
            start, height = places[layer.skip]
            lift = 14 + (x - start) * 0.05
            drawing.line(f"M{start} {height - 2}C{start} {height - lift} {x} {y - lift} {x} {y - 4}", SKIP)
    for (width, _), sampling, y in zip(config.levels, samplings, (top, top + drop, top + 2 * drop), strict=True):
        drawing.text(20, y + 20, f"sampled by {sampling}", INK, "start")
        drawing.text(20, y + 42, f"{width} channels", INK, "start")
    drawing.line(f"M142 {top + 23}H{places[0][0] - 15}")
    drawing.line(f"M{places[-1][0] + 11} {top + 23}h24")
    drawing.text(places[-1][0] + 40, top + 28, "residual", INK, "start")
    drawing.text(500, 328, "2↓ and 2↑: convolution and deconvolution of 2x2, stride 2; all others: 3x3; arcs: skips")
    return drawing.svg()


def bands() -> str:
    """Draw three bands of a picture in four layers: each layer ends a row earlier, and hands rows to the next band."""
    drawing = Drawing(1000, 350, "A picture in bands; each layer hands its last rows to the next band")
    rows, side, left, top, count = 12, 20, 190, 44, 4
    names = ("picture", "layer 1", "layer 2", "layer 3")
    shades = (ENCODER, DECODER, PICTURE)
    for layer in range(count):
        x = left + layer * 200
        drawing.text(x + 60, top - 14, names[layer])
        for row in range(rows):
            # The first band has four rows of the picture; each layer ends one row before the layer before it.
            ends = [4 - layer, 8 - layer, rows]
            band = next(number for number, end in enumerate(ends) if row < end)
            drawing.box(x, top + row * side + 1, 120, side - 2, shades[band])
        for end in (4 - layer, 8 - layer):
            if layer < count - 1:
                y = top + (end - 2) * side
                drawing.parts.append(
                    f'<rect x="{x - 5}" y="{y}" width="130" height="{2 * side}" rx="5" fill="none" stroke="{SKIP}" '
                    f'stroke-width="3"/>'
                )
        if layer:
            drawing.line(f"M{x - 68} {top + 120}H{x - 10}")
            drawing.text(x - 39, top + 112, "3x3")
    for band, (y, name) in enumerate(((60, "first band"), (142, "second band"), (236, "last band"))):
        drawing.text(left - 20, top - 44 + y + 30, name, shades[band], "end")
    drawing.text(500, 316, "framed: the two rows of a layer's input that are kept for the next band", SKIP)
    drawing.text(500, 342, "each layer ends one row before the layer before it, and the last band completes them all")
    return drawing.svg()


FIGURES = {"network": network, "levels": levels, "bands": bands}


def main() -> None:
    """Write the figures."""
    for name, draw in FIGURES.items():
        (IMAGES / f"{name}.svg").write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
