"""Published test protocols: which pictures, damaged how, compared how.

The pictures are not part of rednet: they lie in a data folder, `test/SET/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rednet.degradations import JPEG, Degradation, GaussianNoise, Scaling

__all__ = ["PROTOCOLS", "Protocol"]


@dataclass(frozen=True)
class Protocol:
    """One row of a published table.

    Args:
        folder: of the test set, below the data folder.
        degradation: what is done to the clean picture.
        colour: "rgb"; "gray", the file's own gray values or the BT.601 luma of RGB; or "luma", MATLAB's luma of RGB.
        multiple: the picture is first cropped at its right and bottom to a multiple of this, px.
        crop_border: px of each side that do not count.
        source: where the protocol is described.
    """

    folder: str
    degradation: Degradation
    colour: Literal["gray", "rgb", "luma"]
    source: str
    multiple: int = 1
    crop_border: int = 0


DNCNN = "Zhang et al. 2017, arXiv:1608.03981, section IV: float noise, neither clipped nor rounded"
JPEG_GRAY = "Dong et al. 2015, arXiv:1504.06993, section 4: JPEG of the gray picture"
SCALING = "Timofte et al. 2014 (A+): bicubic by MATLAB's imresize on the luma, border of `scale` px shaved"

PROTOCOLS: Mapping[str, Protocol] = {
    **{f"bsd68-gray-{s}": Protocol("test/bsd68", GaussianNoise(s), "gray", DNCNN) for s in (15, 25, 50)},
    **{f"set12-gray-{s}": Protocol("test/set12", GaussianNoise(s), "gray", DNCNN) for s in (15, 25, 50)},
    **{f"cbsd68-colour-{s}": Protocol("test/cbsd68", GaussianNoise(s), "rgb", DNCNN) for s in (15, 25, 50)},
    **{f"classic5-jpeg-{q}": Protocol("test/classic5", JPEG(q), "gray", JPEG_GRAY) for q in (10, 20, 30, 40)},
    **{f"live1-jpeg-{q}": Protocol("test/live1", JPEG(q), "luma", JPEG_GRAY) for q in (10, 20, 30, 40)},
    **{
        f"{name}-x{scale}": Protocol(f"test/{name}", Scaling(scale), "luma", SCALING, scale, scale)
        for name in ("set5", "set14")
        for scale in (2, 3, 4)
    },
}
