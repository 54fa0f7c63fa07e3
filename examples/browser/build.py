"""Makes a folder of plain files that restores pictures in the browser; any server of files can serve it.

npm ci --prefix examples/browser
python examples/browser/build.py OUT
python -m http.server --directory OUT
"""

import gzip
import json
import shutil
import sys
from pathlib import Path

from rednet.engines.exporting import export_network
from rednet.zoo.checking import load_config
from rednet.zoo.shipped import find_model

HERE = Path(__file__).parent
ENGINES = {"wasm": "ort-wasm-simd-threaded.wasm", "webgpu": "ort-wasm-simd-threaded.asyncify.wasm"}


def build(out: Path, model: str = "fast") -> None:
    """Write the page, the network and what runs it into a folder."""
    runtime = HERE / "node_modules" / "onnxruntime-web" / "dist"
    if not runtime.is_dir():
        sys.exit(f"there is no {runtime}; run first: npm ci --prefix {HERE}")
    shutil.copytree(HERE / "page", out, dirs_exist_ok=True)
    for engine, program in ENGINES.items():
        shutil.copy(runtime / f"ort.{engine}.bundle.min.mjs", out / f"ort.{engine}.mjs")
        # Compressed here, since few servers compress WebAssembly; the page unpacks it.
        (out / f"ort.{engine}.wasm.gz").write_bytes(gzip.compress((runtime / program).read_bytes(), mtime=0))
    folder = find_model(model)
    export_network(folder, out / "network.onnx", overwrite=True)
    config = load_config(folder)
    shape = {"grid": config.grid, "halo": config.halo, "hints": config.hints}
    (out / "network.json").write_text(json.dumps(shape))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: build.py OUT")
    build(Path(sys.argv[1]))
