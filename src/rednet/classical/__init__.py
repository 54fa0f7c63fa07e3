"""Methods without a network: resizing, blur kernels, deconvolution, masks, filling, and metrics."""
