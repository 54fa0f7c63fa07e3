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
    """

    def __init__(self, tasks: int, enabled: bool = True) -> None:
        self.means = torch.zeros(tasks)
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
        for t in set(task.tolist()):
            batch_mean = seen[task == t].mean()
            known = self.means[t] > 0
            self.means[t] = torch.lerp(batch_mean, self.means[t], MEMORY) if known else batch_mean
        return (errors / self.means[task].clamp_min(FLOOR)).mean(), seen
