"""The Muon optimizer in float32 on batches of small matrices; torch's own computes in bfloat16, which is slow on most CPUs.

Reference: K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
"""

from collections.abc import Iterable

import torch

__all__ = ["Muon"]

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5


class Muon:
    """Steps matrices along their orthogonalized momentum.

    Parameters
    ----------
    matrices : iterable of (M, N) parameters
    momentum : float
    """

    def __init__(self, matrices: Iterable[torch.Tensor], *, momentum: float = 0.95) -> None:
        self._momentum = momentum
        self._groups: dict[tuple[int, int], list[torch.Tensor]] = {}
        for matrix in matrices:
            short, long = sorted(matrix.shape)
            self._groups.setdefault((short, long), []).append(matrix)
        self._velocities = {shape: torch.zeros(len(group), *shape) for shape, group in self._groups.items()}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update every matrix by its gradient, and drop the gradient."""
        for shape, group in self._groups.items():
            gradients = torch.stack([_wide(_gradient(matrix)) for matrix in group])
            velocity = self._velocities[shape].lerp_(gradients, 1 - self._momentum)
            updates = _orthogonalize(gradients.lerp(velocity, self._momentum))
            for matrix, update in zip(group, updates, strict=True):
                rows, columns = matrix.shape
                step = learning_rate * max(1.0, rows / columns) ** 0.5
                matrix.sub_(update if rows <= columns else update.T, alpha=step)
                matrix.grad = None


def _gradient(matrix: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(matrix) if matrix.grad is None else matrix.grad


def _wide(matrix: torch.Tensor) -> torch.Tensor:
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T


def _orthogonalize(matrices: torch.Tensor) -> torch.Tensor:
    """Move the singular values of (K, M, N) matrices towards 1 by a Newton-Schulz iteration."""
    a, b, c = COEFFICIENTS
    result: torch.Tensor = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        square = result @ result.mT
        result = a * result + (b * square + c * square @ square) @ result
    return result
