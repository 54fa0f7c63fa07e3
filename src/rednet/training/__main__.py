"""Trains a network: `torchrun --nproc-per-node 4 -m rednet.training RECIPE ...`, with the options of `rednet train`."""

import sys

from rednet.cli.app import main

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    main()
