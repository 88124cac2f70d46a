"""Which questions mean the same: average linkage over sparse signatures, joined to the clusters that exist.

A wording that is left alone joins the cluster to which it is clearly nearer than to all others, though less alike.

A signature (:mod:`bot.review.signatures`) has a value in each of a few columns. How alike two questions are is the sum
over their common columns of the products of the values, where columns with an odd number count against it. The mean
likeness between two groups of questions then follows from the sums of their signatures alone, so that a group takes
little room however many questions it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signature = NDArray[Any]
"""Columns and values, sorted by column; ``DTYPE``, shape (n,)."""
DENSE = 1 << 16
"""Columns below this, all of them even, are filled in most signatures: those of an embedding."""
DTYPE = np.dtype([("column", "<u4"), ("value", "<f4")])
Floats = NDArray[np.float32]


def total(signatures: Sequence[Signature]) -> Signature:
    """Return the sum of signatures, of which there is at least one."""
    every = np.concatenate(signatures)
    columns, places = np.unique(every["column"], return_inverse=True)
    summed = np.empty(len(columns), DTYPE)
    summed["column"], summed["value"] = columns, np.bincount(places, every["value"], len(columns))
    return summed


@dataclass(frozen=True, slots=True)
class Bounds:
    """How alike questions of one meaning are."""

    least: float
    """Least mean likeness within a cluster."""
    near: float
    """Least mean likeness of a wording that is left alone to the nearest cluster of several."""
    lead: float
    """By how much it must be nearer to that cluster than to any other of several."""


@dataclass(slots=True)
class Cluster:
    """Questions of one meaning."""

    id: int | None
    """Number of the stored gap; ``None`` for a new one."""
    total: Signature
    """Sum of the signatures of its wordings."""
    size: int
    """How many wordings it has."""
    members: list[tuple[int, float]] = field(default_factory=list)
    """Row of each wording that :func:`group` put here, and how alike it is to the whole cluster."""


class Likenesses:
    """Compares signatures with many others at once."""

    def __init__(self, others: Sequence[Signature], sizes: Sequence[int]) -> None:
        """Prepare sums of signatures, each of so many wordings, for being compared with."""
        every = np.concatenate(others) if others else np.empty(0, DTYPE)
        owners = np.repeat(np.arange(len(others)), [len(each) for each in others])
        values = every["value"] / np.asarray(sizes, np.float32)[owners]
        values = np.where(every["column"] & 1, -values, values).astype(np.float32)
        self._number = len(others)
        dense = every["column"] < DENSE
        places = every["column"][dense] >> 1
        self._dense = np.zeros((len(others), int(places.max(initial=0)) + 1), np.float32)
        self._dense[owners[dense], places] = values[dense]
        columns = every["column"][~dense]
        order = np.argsort(columns, kind="stable")
        self._columns, self._owners, self._values = columns[order], owners[~dense][order], values[~dense][order]

    def of(self, signature: Signature) -> Floats:
        """Return the mean likeness of a question to the questions of each of the others, shape (others,)."""
        dense = signature[signature["column"] < min(DENSE, 2 * self._dense.shape[1])]
        common = self._dense[:, dense["column"] >> 1] @ dense["value"]
        sparse = signature[signature["column"] >= DENSE]
        begins = np.searchsorted(self._columns, sparse["column"], "left")
        lengths = np.searchsorted(self._columns, sparse["column"], "right") - begins
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - ends + lengths, lengths)
        products = self._values[places] * np.repeat(sparse["value"], lengths)
        return np.asarray(common + np.bincount(self._owners[places], products, self._number), np.float32)


def group(signatures: Sequence[Signature], clusters: list[Cluster], bounds: Bounds) -> list[Cluster]:
    """Put every wording into the cluster it is most alike, if that is alike enough, else into a new one.

    Existing clusters take wordings first, so they keep their meaning. The others are grouped by average linkage. Those
    that are left alone go to a cluster that is clearly nearest.

    Args:
        signatures: One for each wording.
        clusters: The existing clusters; they are extended in place.
        bounds: How alike the questions of a cluster are.

    Returns:
        All clusters, the given ones first.
    """
    existing = Likenesses([each.total for each in clusters], [each.size for each in clusters])
    left = []
    for row, signature in enumerate(signatures):
        likeness = existing.of(signature)
        best = int(likeness.argmax()) if len(likeness) else 0
        if len(likeness) and likeness[best] >= bounds.least:
            clusters[best].members.append((row, float(likeness[best])))
        else:
            left.append(row)
    for cluster in clusters:
        _extend(cluster, signatures, cluster.members)
    linked = [[left[place] for place in places] for places in _linked([signatures[row] for row in left], bounds.least)]
    clusters = clusters + [_new(signatures, rows) for rows in linked if len(rows) > 1]
    alone = _join_nearest(signatures, [rows[0] for rows in linked if len(rows) == 1], clusters, bounds)
    return clusters + [_new(signatures, [row]) for row in alone]


def _join_nearest(
    signatures: Sequence[Signature], alone: Sequence[int], clusters: Sequence[Cluster], bounds: Bounds
) -> list[int]:
    """Put wordings into the clusters of several to which they are clearly nearest; return the rows of the others."""
    several = [cluster for cluster in clusters if cluster.size > 1]
    if not several:
        return list(alone)
    compared = Likenesses([each.total for each in several], [each.size for each in several])
    joined: dict[int, list[tuple[int, float]]] = {}
    left = []
    for row in alone:
        likeness = compared.of(signatures[row])
        best = int(likeness.argmax())
        others = np.delete(likeness, best).max(initial=-np.inf)
        if likeness[best] >= bounds.near and likeness[best] - others >= bounds.lead:
            joined.setdefault(best, []).append((row, float(likeness[best])))
        else:
            left.append(row)
    for place, members in joined.items():
        several[place].members += members
        _extend(several[place], signatures, members)
    return left


def _extend(cluster: Cluster, signatures: Sequence[Signature], members: Sequence[tuple[int, float]]) -> None:
    if members:
        cluster.total = total([cluster.total, *(signatures[row] for row, _ in members)])
        cluster.size += len(members)


def _new(signatures: Sequence[Signature], rows: Sequence[int]) -> Cluster:
    cluster = Cluster(None, total([signatures[row] for row in rows]), len(rows))
    whole = Likenesses([cluster.total], [cluster.size])
    cluster.members = [(row, float(whole.of(signatures[row])[0])) for row in rows]
    return cluster


def _linked(own: Sequence[Signature], least: float) -> Iterator[list[int]]:
    """Yield groups of places in a list: again and again, the two groups that are most alike become one."""
    compared = Likenesses(own, [1] * len(own))
    likeness = np.array([compared.of(each) for each in own]).reshape(len(own), len(own))
    np.fill_diagonal(likeness, -np.inf)
    groups: dict[int, list[int]] = {place: [place] for place in range(len(own))}
    best = likeness.argmax(axis=1) if len(own) else np.empty(0, np.int64)
    most = likeness[np.arange(len(own)), best]
    while len(own) and most[kept := int(most.argmax())] >= least:
        gone = int(best[kept])
        sizes = len(groups[kept]), len(groups[gone])
        mean = (sizes[0] * likeness[kept] + sizes[1] * likeness[gone]) / sum(sizes)
        mean[[kept, gone]] = -np.inf
        likeness[kept], likeness[:, kept] = mean, mean
        likeness[gone], likeness[:, gone] = -np.inf, -np.inf
        groups[kept] += groups.pop(gone)
        most[gone] = -np.inf
        stale = np.flatnonzero((best == kept) | (best == gone))
        stale = np.union1d(stale[[int(place) in groups for place in stale]], [kept])
        nearer = mean > most
        best[nearer], most[nearer] = kept, mean[nearer]
        best[stale] = likeness[stale].argmax(axis=1)
        most[stale] = likeness[stale, best[stale]]
    yield from groups.values()
