"""Features of both domains in the plane, for pictures that a report draws from the file alone.

The classes are those that the classifier gives; the labels of the target are not asked for. In a game between points
of the plane the file also holds the points, and what the classifier says all over it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.config import RunSettings
from equipoise.core.files import replacing
from equipoise.core.seeding import derived_seed
from equipoise.data import Domains
from equipoise.training.adapting.looking import AdaptedClassifier, class_names, look, some_of
from equipoise.training.machine import precision_context

_GRID = 100


def save_projection(path: Path, subject: AdaptedClassifier, domains: Domains, settings: RunSettings) -> None:
    """Write the file of one step.

    Keys: ``plane`` (N, 2) float32, the features; ``domain`` (N,), 0 of the source and 1 of the target; ``label`` (N,),
    the true class of the source, -1 of the target; ``predicted`` (N,); ``names`` of the classes. Of points in the plane
    also ``points`` (N, 2), ``extent`` (left, right, bottom, top) and ``regions`` (G, G), the class at each place, rows
    from the bottom up.
    """
    device = next(iter(subject.classifier.parameters())).device
    seed, precision = derived_seed(settings.seed, "samples"), precision_context(settings, device)
    adaptation, size = settings.adaptation, settings.evaluation.batch_size
    parts = [some_of(part, adaptation.num_pictured, seed) for part in (domains.source.train, domains.target.train)]
    source, target = (look(subject.classifier, part, size, device, precision) for part in parts)
    features = torch.cat([source.features, target.features]).cpu().double().numpy()
    logits = torch.cat([source.logits, target.logits])
    unknown = torch.full((len(target.logits),), -1, device=device)
    assert source.labels is not None
    arrays: dict[str, Any] = {
        "plane": in_the_plane(features, adaptation.picture, seed),
        "domain": np.repeat([0, 1], [len(source.logits), len(target.logits)]),
        "label": torch.cat([source.labels, unknown]).cpu().numpy(),
        "predicted": logits.argmax(1).cpu().numpy(),
        "names": np.array(class_names(domains)),
    }
    if domains.source.train.example_shape == (2,):
        points = torch.cat([batch.examples for part in parts for batch in part.ordered(size, device)])
        arrays |= _regions(subject.classifier, points)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def in_the_plane(features: NDArray[np.float64], how: str, seed: int) -> NDArray[np.float32]:
    """Features (N, F) as points (N, 2): the first two principal components, or t-SNE; zeros where they say nothing.

    >>> in_the_plane(np.array([[0.0, 0.0, 1.0], [2.0, 0.0, 1.0], [4.0, 0.0, 1.0]]), "pca", 0)[:, 0].round(6).tolist()
    [-2.0, 0.0, 2.0]
    """
    if not np.isfinite(features).all() or np.ptp(features, axis=0).max(initial=0.0) == 0:
        return np.zeros((len(features), 2), dtype=np.float32)
    if how == "tsne":
        from sklearn.manifold import TSNE

        plane = TSNE(random_state=seed % 2**32, perplexity=min(30, (len(features) - 1) / 3)).fit_transform(features)
        return np.asarray(plane, dtype=np.float32)
    centred = features - features.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2] * np.sign(directions[:2].sum(1, keepdims=True) + 1e-300)
    plane = centred @ directions.T
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1]))).astype(np.float32)


def _regions(classifier: Any, points: Tensor) -> dict[str, Any]:
    """What a classifier says all over the part of the plane in which ``points`` (N, 2) lie."""
    low, high = points.amin(0) - 0.3, points.amax(0) + 0.3
    across, up = (torch.linspace(float(a), float(b), _GRID) for a, b in zip(low, high, strict=True))
    places = torch.cartesian_prod(up, across).flip(1).to(points.device)
    with torch.inference_mode():
        regions = classifier.head(classifier.features(places)).argmax(1)
    extent = [across[0], across[-1], up[0], up[-1]]
    return {
        "points": points.cpu().numpy(),
        "extent": np.array([float(side) for side in extent]),
        "regions": regions.view(_GRID, _GRID).cpu().numpy(),
    }
