#!/usr/bin/env python3
"""A plug-in for GIMP 3: puts what is visible, restored by the command `rednet`, into a new layer at the top.

Copy this file to `gimp_rednet/gimp_rednet.py` in GIMP's folder of plug-ins, and make it executable. `rednet` must be on
the PATH, or the variable REDNET must have its path.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, Gio, GLib  # noqa: E402

VERBS = {
    "rednet-restore": ("restore", "_Restore", "Finds out what is wrong with the picture, and restores that"),
    "rednet-denoise": ("denoise", "Remove _noise", "Removes noise"),
    "rednet-dejpeg": ("dejpeg", "Remove _JPEG artefacts", "Removes the blocks and rings of a JPEG file"),
}


def run_rednet(verb: str, source: Path, target: Path) -> None:
    """Restore a file; raise RuntimeError with what rednet said if it fails."""
    program = os.environ.get("REDNET", "rednet")
    try:
        ended = subprocess.run([program, verb, source, "-o", target], capture_output=True, text=True, check=False)
    except OSError as error:
        raise RuntimeError(
            f"cannot run {program}: {error.strerror}; install rednet, or set REDNET to its path"
        ) from None
    if ended.returncode or not target.exists():
        raise RuntimeError(ended.stderr.strip() or f"{program} ended with {ended.returncode}")


def restore_visible(image: Any, verb: str) -> None:
    """Add a layer with what is visible, restored."""
    with tempfile.TemporaryDirectory(prefix="rednet-") as scratch:
        source, target = Path(scratch, "visible.png"), Path(scratch, "restored.png")
        visible = image.duplicate()  # has the picture's precision and colour profile
        visible.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, visible, Gio.File.new_for_path(str(source)), None)
        visible.delete()
        run_rednet(verb, source, target)
        image.undo_group_start()
        layer = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(str(target)))
        layer.set_name(f"rednet {verb}")
        image.insert_layer(layer, None, 0)
        image.undo_group_end()
        Gimp.displays_flush()


class Rednet(Gimp.PlugIn):  # type: ignore[misc, unused-ignore]
    """The plug-in; it has an entry in the menu Filters > Enhance for each verb."""

    def do_set_i18n(self, name: str) -> bool:
        return False

    def do_query_procedures(self) -> list[str]:
        return list(VERBS)

    def do_create_procedure(self, name: str) -> Any:
        _, label, words = VERBS[name]
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_menu_label(label)
        procedure.add_menu_path("<Image>/Filters/Enhance/rednet")
        procedure.set_documentation(words, "Runs the command rednet on what is visible", name)
        procedure.set_attribution("rednet", "rednet, Apache-2.0", "2026")
        return procedure

    def run(self, procedure: Any, mode: Any, image: Any, drawables: Any, config: Any, data: Any) -> Any:
        try:
            restore_visible(image, VERBS[procedure.get_name()][0])
        except RuntimeError as error:
            return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(str(error)))
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


if __name__ == "__main__":
    Gimp.main(Rednet.__gtype__, sys.argv)
