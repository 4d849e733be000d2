"""How good are generated images? A judge that never saw the generator.

The judge is a small classifier of real, labelled images. It gives three answers about samples:
which class each shows, how far their features lie from those of real images as a distribution
(the Fréchet distance), and how close each comes to its nearest real image.
"""

import math

import torch
from torch import Tensor, nn

from utils.training import batches, device, fit

__all__ = ["Judge", "frechet_distance"]


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance of two samples, each taken for a Gaussian; in units of ``a²``.

    With means μ and covariances Σ (divided by n − 1):
    ‖μ_a − μ_b‖² + tr Σ_a + tr Σ_b − 2 tr (Σ_a Σ_b)^½.

    Parameters
    ----------
    a, b : Tensor (n, d) and (m, d)
        Rows of features, at least two each, finite.

    Returns
    -------
    float
        Never negative, 0 for equal moments. Two samples of one distribution give more than 0, and
        the more, the fewer they are.

    Raises
    ------
    ValueError
        For other shapes and for values that are not finite.

    References
    ----------
    Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X; as a measure of images Heusel et al.
    2017, arXiv:1706.08500.

    Examples
    --------
    >>> a = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> round(frechet_distance(a, a + 3), 6)  # moved by 3 along both axes: 3² + 3²
    18.0
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            "two samples (n, d) and (m, d) of at least two rows are needed, "
            f"not {tuple(a.shape)} and {tuple(b.shape)}"
        )
    a, b = a.double().cpu(), b.double().cpu()
    if not (a.isfinite().all() and b.isfinite().all()):
        raise ValueError("the samples hold a value that is not finite")
    cov_a, cov_b = torch.atleast_2d(a.T.cov()), torch.atleast_2d(b.T.cov())
    # Σ_a Σ_b has the eigenvalues of the symmetric matrix S Σ_b S with S = Σ_a^½, all ≥ 0
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    distance = (a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross
    return max(0.0, float(distance))


class Judge:
    """A small convolutional classifier of real images that judges samples of the same kind.

    Trains in seconds. Its ``FEATURES`` numbers before the last layer are the space of the Fréchet
    distance; they are divided by their standard deviation over the training images, so that one
    unit is one standard deviation.

    Parameters
    ----------
    images : Tensor (n, 1, h, w)
        Real images, float in 0 … 1, h and w at least 8.
    labels : Tensor (n,)
        Their classes, int64 from 0.
    epochs : int
        How often it sees them.
    width : int
        Channels of the first layer; the second has twice as many.
    seed : int
        The same seed gives the same judge; torch's global generator is left as it was.

    Examples
    --------
    Dark and bright squares, told apart at once:

    >>> images = torch.linspace(0, 1, 256).reshape(256, 1, 1, 1).expand(-1, 1, 8, 8)
    >>> labels = (images[:, 0, 0, 0] > 0.5).long()
    >>> judge = Judge(images, labels)
    >>> judge.labels(images[[0, 255]]).tolist()
    [0, 1]
    >>> judge.distance(images[:128], images[:128]) < judge.distance(images[:128], images[128:])
    True
    """

    FEATURES = 32

    def __init__(
        self, images: Tensor, labels: Tensor, *, epochs: int = 6, width: int = 16, seed: int = 0
    ) -> None:
        self._device = device()
        self._shape = tuple(images.shape[1:])
        images = self._checked(images)
        labels = labels.to(self._device)
        inside = math.prod(math.ceil(side / 4) for side in self._shape[1:])  # after two strides
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._body = nn.Sequential(
                nn.Conv2d(1, width, 3, padding=1, stride=2),
                nn.ReLU(),
                nn.Conv2d(width, 2 * width, 3, padding=1, stride=2),
                nn.ReLU(),
                nn.Flatten(),
                nn.Linear(2 * width * inside, self.FEATURES),
                nn.Tanh(),
            )
            self._head = nn.Linear(self.FEATURES, int(labels.max()) + 1)
            net = nn.Sequential(self._body, self._head).to(self._device)
            steps = epochs * math.ceil(len(images) / 64)
            optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)
            fit(
                net,
                (images, labels),
                loss=nn.functional.cross_entropy,
                optimizer=optimizer,
                scheduler=torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps),
                epochs=epochs,
                batch_size=64,
                generator=torch.Generator().manual_seed(seed),
                progress=False,
            )
        net.requires_grad_(False)
        net.eval()
        self._scale = 1.0
        self._scale = self.features(images).std(0).clamp(min=1e-6)

    def _checked(self, images: Tensor) -> Tensor:
        """``images`` on the judge's device, as float32; ``ValueError`` unless they fit."""
        if images.ndim != 4 or tuple(images.shape[1:]) != self._shape or not len(images):
            raise ValueError(f"images (n, {self._shape}) are needed, not {tuple(images.shape)}")
        images = images.detach().to(self._device, torch.float32)
        if not images.isfinite().all():
            raise ValueError("the images hold a value that is not finite")
        return images

    def features(self, images: Tensor) -> Tensor:
        """(n, FEATURES): what the judge sees, in standard deviations of its training images."""
        parts = [self._body(part) for (part,) in batches(self._checked(images), size=1024)]
        return torch.cat(parts) / self._scale

    def probabilities(self, images: Tensor) -> Tensor:
        """(n, classes): the judge's class probabilities, each row with sum 1."""
        return self._head(self.features(images) * self._scale).softmax(1)

    def labels(self, images: Tensor) -> Tensor:
        """(n,) int64: the class that the judge sees in each image."""
        return self.probabilities(images).argmax(1)

    def agreement(self, images: Tensor, labels: Tensor) -> float:
        """The share of ``images``, 0 … 1, in which the judge sees the class of ``labels``."""
        return float((self.labels(images) == labels.to(self._device)).float().mean())

    def distance(self, images: Tensor, real: Tensor) -> float:
        """The :func:`frechet_distance` of the features of ``images`` and of ``real``.

        Compare distances only for equal numbers of images and the same judge: fewer images give
        a larger distance, and another judge has other units.
        """
        return frechet_distance(self.features(images), self.features(real))

    def nearest(self, images: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """The Euclidean distance in pixels to the nearest of ``real``, and its index.

        Both (n,), one entry an image. A copy has distance 0; compare with what unseen real images
        have.
        """
        distances = torch.cdist(self._checked(images).flatten(1), self._checked(real).flatten(1))
        nearest = distances.min(dim=1)
        return nearest.values, nearest.indices
