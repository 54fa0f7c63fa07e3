"""The loss: each crop's squared error over the running mean error of its task.

A noisy picture's error is ten times that of an enlarged one, so under a plain mean the noisy pictures teach alone
and the others are hardly learned. Over its task's own mean, every task pulls with the same strength, whatever its
scale (measured: docs/lab-log.md).
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["TaskBalance"]

MEMORY = 0.97  # of the running means, per batch that has the task
FLOOR = 2e-4  # 37 dB: a task that is nearly solved must not pull harder still, or it silences the others


class TaskBalance:
    """Running mean error of each task.

    Args:
        tasks: how many.
        enabled: False gives the plain mean squared error (times a constant 1).
        device: where the samples lie; nothing here waits for it.
    """

    def __init__(self, tasks: int, enabled: bool = True, device: torch.device | str = "cpu") -> None:
        self.means = torch.zeros(tasks, device=device)
        self.enabled = enabled

    def __call__(self, x_hat: Tensor, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """Computes the loss of a batch.

        Args:
            x_hat, x: (B, C, H, W).
            task: (B,), the number of each sample's task.

        Returns:
            The loss to minimise, and the plain mean squared error of each sample (B,), detached.
        """
        errors = (x_hat - x).square().mean(dim=(1, 2, 3))
        seen = errors.detach()
        if not self.enabled:
            return errors.mean(), seen
        counts = torch.zeros_like(self.means).index_add_(0, task, torch.ones_like(seen))
        batch = torch.zeros_like(self.means).index_add_(0, task, seen) / counts.clamp_min(1)
        moved = torch.where(self.means > 0, torch.lerp(batch, self.means, MEMORY), batch)
        self.means = torch.where(counts > 0, moved, self.means)
        return (errors / self.means[task].clamp_min(FLOOR)).mean(), seen
