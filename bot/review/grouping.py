"""Leader clustering with moving centroids: what is grouped once stays grouped."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(slots=True)
class Cluster:
    """Vectors of one meaning."""

    id: int | None
    """The number it was given when it was first kept, if it was."""
    total: Vectors
    """Sum of the members' unit vectors, shape (dimension,)."""
    members: list[tuple[int, float]] = field(default_factory=list)
    """Row and similarity of the vectors put here by :func:`group`."""

    @property
    def centroid(self) -> Vectors:
        """The direction of the members' mean, of length one."""
        norm = float(np.linalg.norm(self.total))
        return self.total / norm if norm else self.total


def group(vectors: Vectors, clusters: list[Cluster], *, thresholds: Vectors, weights: Vectors) -> list[Cluster]:
    """Put every row into the nearest cluster if that is near enough, else into a new one.

    Clusters that exist take rows first, so they keep their meaning however much comes after. What is left is grouped
    from its densest places outwards, so that the result does not depend on the order of the rows.

    Args:
        vectors: Unit vectors, shape (n, dimension).
        clusters: What there is already; they are extended in place.
        thresholds: Least cosine between each row and the centroid of its cluster, shape (n,).
        weights: How often each row was asked, shape (n,).

    Returns:
        All clusters, the given ones first.
    """
    left = np.arange(len(vectors))
    if clusters and len(vectors):
        nearness = vectors @ np.stack([cluster.centroid for cluster in clusters]).T
        best = nearness.argmax(axis=1)
        near = nearness[left, best] >= thresholds
        for row in left[near]:
            _join(clusters[best[row]], int(row), float(nearness[row, best[row]]), vectors, weights)
        left = left[~near]
    new: list[Cluster] = []
    if len(left):
        among = vectors[left] @ vectors[left].T
        least = thresholds[left]
        density = (np.where(among >= least[:, None], among, 0) * weights[left]).sum(axis=1)
        free = np.ones(len(left), bool)
        for seed in np.argsort(-density, kind="stable"):
            if not free[seed]:
                continue
            near = free & (among[seed] >= least)
            # The seed's neighbours agree on a centre; those near the centre are the cluster.
            centre = (vectors[left[near]] * weights[left[near], None]).sum(axis=0)
            centre /= max(float(np.linalg.norm(centre)), 1e-9)
            nearness = vectors[left] @ centre
            chosen = free & (nearness >= least)
            chosen[seed] = True
            cluster = Cluster(None, np.zeros(vectors.shape[1], np.float32))
            for position in np.flatnonzero(chosen):
                _join(cluster, int(left[position]), float(nearness[position]), vectors, weights)
            free &= ~chosen
            new.append(cluster)
    return clusters + new


def _join(cluster: Cluster, row: int, similarity: float, vectors: Vectors, weights: Vectors) -> None:
    cluster.members.append((row, similarity))
    cluster.total = cluster.total + vectors[row] * weights[row]
