"""Two choices of optimiser: Muon for the hidden kernels and Adam for the rest, or Adam for all weights as in the paper.

Muon replaces the momentum of a weight matrix by the nearest matrix with equal singular values, so that no direction of
the update dominates. Here each hidden kxk kernel is treated as the matrix (out, in * k * k). docs/lab-log.md has its
gain on this network, and the learning rate at which layers die.

Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
https://kellerjordan.github.io/posts/muon/ (coefficients of the iteration, Nesterov momentum 0.95).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from rednet.network.model import REDNet
from rednet.training.processes import Team

__all__ = ["Muon", "build_optimizers", "orthogonalise"]

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # a X + b (X X') X + c (X X')^2 X, steepest at 0 and stable up to 1
NEWTON_SCHULZ_STEPS = 5
BIAS_RATE = 0.1  # of Adam's rate: decoder activations start near 0.01, so at the full rate, biases kill whole layers


def orthogonalise(matrices: Tensor) -> Tensor:
    """Return matrices with the same singular vectors and singular values near 1 (within about 0.7 to 1.2).

    Each step of the iteration multiplies by a polynomial of the Gram matrix. These polynomials commute, so we run all
    steps on the small (rows, rows) matrices, and multiply the wide matrix only once.

    Args:
        matrices: (N, rows, columns), rows <= columns.

    Returns:
        (N, rows, columns).
    """
    a, b, c = NEWTON_SCHULZ
    gram = matrices @ matrices.mT  # in float32: a rounded Gram matrix has negative eigenvalues, and the steps diverge
    norm = gram.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].sqrt() + 1e-12  # Frobenius, so all values start <= 1
    gram = gram / norm**2
    total = identity = torch.eye(gram.shape[1], device=gram.device).expand_as(gram)
    for step in range(NEWTON_SCHULZ_STEPS):
        factor = a * identity + b * gram + c * gram @ gram
        total = factor @ total
        if step < NEWTON_SCHULZ_STEPS - 1:
            gram = factor @ gram @ factor
    return (total / norm) @ matrices


def orthogonalise_together(matrices: Tensor, first: int, team: Team) -> Tensor:
    """Orthogonalise matrices that all processes of a team have; each process does its share.

    Args:
        matrices: (N, rows, columns), rows <= columns, equal in all processes.
        first: number of the first matrix among all matrices of the step; matrix number n belongs to process n modulo
            their count, so that each process has about as many matrices of each shape.
        team: the processes.
    """
    if team.count == 1:
        return orthogonalise(matrices)
    own = slice((team.rank - first) % team.count, None, team.count)
    shared = torch.zeros_like(matrices)
    if len(matrices[own]):
        shared[own] = orthogonalise(matrices[own])
    return team.sum(shared)  # of one matrix and zeros, so every process has the same bits


class Muon(torch.optim.Optimizer):
    """Orthogonalised Nesterov momentum for hidden kernels.

    Args:
        convs: weights (out, in, k, k) of convolutions, out <= in * k * k.
        deconvs: weights (in, out, k, k) of deconvolutions, out <= in * k * k.
        lr: learning rate; each step changes the matrix (out, in * k * k) by `lr` in every singular direction.
        momentum: decay of the running mean of the gradient.
        team: the processes that share the work; all have the same gradients.
    """

    def __init__(
        self,
        convs: Iterable[nn.Parameter],
        deconvs: Iterable[nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        team: Team | None = None,
    ) -> None:
        self.team = team or Team()
        groups = []
        for out, kernels in enumerate((convs, deconvs)):
            by_shape: dict[torch.Size, list[nn.Parameter]] = {}
            for kernel in kernels:
                by_shape.setdefault(kernel.shape, []).append(kernel)
            groups += [{"params": alike, "out": out} for alike in by_shape.values()]
        super().__init__(groups, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the weights from their gradients; weights of the same shape are updated together."""
        number = 0  # of matrices so far
        for group in self.param_groups:
            # The order of a matrix' columns does not matter; this order is that of channels-last kernels in memory.
            order = (0, 2, 3, 1) if group["out"] == 0 else (1, 2, 3, 0)
            kernels = [p for p in group["params"] if p.grad is not None]
            if not kernels:
                continue
            grads = torch.stack([p.grad.permute(order) for p in kernels])  # (N, out, k, k, in)
            state = self.state[kernels[0]]
            if not state:
                state["momenta"] = torch.zeros_like(grads)
            momenta = state["momenta"]
            momenta.lerp_(grads, 1 - group["momentum"])
            nesterov = grads.lerp_(momenta, group["momentum"])
            updates = orthogonalise_together(nesterov.flatten(2), number, self.team).view_as(grads)
            number += len(kernels)
            torch._foreach_sub_([p.permute(order) for p in kernels], list(updates.unbind()), alpha=group["lr"])


def build_optimizers(
    model: REDNet, kind: str, lr: float, adam_lr: float, team: Team | None = None
) -> list[torch.optim.Optimizer]:
    """Return the optimisers of a recipe.

    Args:
        model: the network.
        kind: "muon" (hidden kernels by Muon at `lr`, first and last layer by Adam at `adam_lr`, biases by Adam at a
            tenth of `adam_lr`) or "adam" (all weights by Adam at `lr`; the paper's rate is 1e-4).
        lr, adam_lr: learning rates.
        team: the processes that train together.
    """
    if kind == "adam":
        return [torch.optim.Adam(model.parameters(), lr, foreach=True)]
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    half = len(model.encoder)
    convs, deconvs, ends = weights[1:half], weights[half:-1], [weights[0], weights[-1]]
    groups: list[dict[str, Any]] = [{"params": ends}, {"params": biases, "lr": adam_lr * BIAS_RATE}]
    return [Muon(convs, deconvs, lr, team=team), torch.optim.Adam(groups, adam_lr, foreach=True)]
