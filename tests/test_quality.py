"""The judge of generated images: its distance against closed forms, its eye against damage."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from utils import data
from utils.image_quality import Judge, frechet_distance


@pytest.fixture(scope="module")
def digits():
    images = data.digits()
    train = torch.tensor(images.train_images[:, None] / 16, dtype=torch.float32)
    test = torch.tensor(images.test_images[:, None] / 16, dtype=torch.float32)
    return train, torch.tensor(images.train_labels), test, torch.tensor(images.test_labels)


@pytest.fixture(scope="module")
def judge(digits):
    return Judge(digits[0], digits[1], epochs=20)


def test_distance_against_scipy():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4)) + 1
    b = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4))
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum()
    expected += np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert frechet_distance(torch.tensor(a), torch.tensor(b)) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(torch.tensor(b), torch.tensor(a)) == pytest.approx(expected, rel=1e-9)


def test_distance_in_one_dimension_and_of_itself():
    values = torch.tensor([[0.0], [2.0], [4.0]])  # mean 2, standard deviation 2
    assert frechet_distance(values, values) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(values, 3 * values + 1) == pytest.approx((7 - 2) ** 2 + (6 - 2) ** 2)


def test_distance_of_flat_samples():
    flat = torch.tensor([[1.0, 2.0], [1.0, 2.0]])  # no spread at all: only the means count
    assert frechet_distance(flat, flat + torch.tensor([3.0, 4.0])) == pytest.approx(25)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (torch.zeros(3), torch.zeros(3), "two samples"),
        (torch.zeros(1, 2), torch.zeros(5, 2), "at least two rows"),
        (torch.zeros(4, 2), torch.zeros(4, 3), "two samples"),
        (torch.full((4, 2), torch.nan), torch.zeros(4, 2), "not finite"),
    ],
)
def test_distance_refuses(a, b, words):
    with pytest.raises(ValueError, match=words):
        frechet_distance(a, b)


def test_judge_knows_the_classes(judge, digits):
    _, _, test, labels = digits
    assert judge.agreement(test, labels) > 0.85
    chances = judge.probabilities(test)
    assert chances.shape == (360, 10)
    assert torch.allclose(chances.sum(1), torch.ones(360), atol=1e-5)
    assert torch.equal(chances.argmax(1), judge.labels(test))
    assert judge.features(digits[0]).std(0) == pytest.approx(torch.ones(32), abs=1e-4)


def test_judge_orders_damage(judge, digits):
    train, labels = digits[:2]
    half = train[::2], train[1::2]
    same = judge.distance(*half)
    noisy = (half[0] + 0.3 * torch.randn(half[0].shape, generator=torch.manual_seed(0))).clamp(0, 1)
    assert same < judge.distance(noisy, half[1])
    assert 5 * same < judge.distance(half[0].flip(2), half[1])  # upside down
    ones = train[labels == 1]
    assert 5 * same < judge.distance(ones, half[1])  # one class only: mode collapse


def test_judge_notices_copies(judge, digits):
    train, _, test, _ = digits
    distance, index = judge.nearest(train[:50], train)
    assert distance.max() < 1e-2
    assert torch.equal(index, torch.arange(50))
    assert judge.nearest(test, train)[0].min() > 0.1


def test_judge_is_reproducible_and_leaves_the_generator(digits):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (Judge(digits[0][:200], digits[1][:200], epochs=1) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.features(digits[2]), second.features(digits[2]))


def test_judge_refuses(judge):
    with pytest.raises(ValueError, match="are needed"):
        judge.labels(torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match="not finite"):
        judge.labels(torch.full((1, 1, 8, 8), torch.nan))
