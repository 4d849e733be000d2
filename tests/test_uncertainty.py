"""The uncertainty toolbox: its formulas by another route, what it leaves untouched, its errors."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from utils.uncertainty import UncertaintyEvaluator, entropy


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def classifier(rate=0.5, classes=3):
    return nn.Sequential(
        nn.Linear(4, 16), nn.ReLU(), nn.Dropout(rate), nn.Linear(16, classes)
    ).eval()


def normed():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    model(torch.randn(100, 4))  # moves the running statistics off their start
    return model.eval()


class Gaussian(nn.Module):
    """A regressor that states its noise: mean (batch, 2) and log variance (batch, 2)."""

    def __init__(self):
        super().__init__()
        self.drop, self.layer = nn.Dropout(0.3), nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.drop(x)).chunk(2, dim=1)


X = torch.randn(7, 4, generator=torch.Generator().manual_seed(1))
TRAIN = torch.randn(400, 4, generator=torch.Generator().manual_seed(2))


def evaluators():
    ensemble = [classifier(0.0) for _ in range(5)]
    targets = torch.randint(3, (400,))
    return {
        "dropout": UncertaintyEvaluator(classifier(), samples=8),
        "batch_norm": UncertaintyEvaluator(
            normed(), method="batch_norm", samples=8, train_data=TRAIN, batch_size=32
        ),
        "ensemble": UncertaintyEvaluator(ensemble, method="ensemble"),
        "noise_head": UncertaintyEvaluator(
            classifier(0.0), method="noise_head", train_data=(TRAIN, targets), epochs=2
        ),
    }


# --- the numbers ------------------------------------------------------------------------------


def test_dropout_agrees_with_passes_by_hand():
    model = classifier()
    evaluator = UncertaintyEvaluator(model, samples=6, seed=3)
    torch.manual_seed(3)
    model.train()
    with torch.no_grad():
        passes = torch.stack([model(X).softmax(dim=1) for _ in range(6)])
    model.eval()
    mean = passes.mean(0)
    spread = 2 * (passes.square().mean(0) - mean.square()).clamp(min=0).sqrt()
    torch.testing.assert_close(evaluator.epistemic(X), spread, atol=1e-4, rtol=1e-4)
    single = -(passes * passes.log()).sum(-1).mean(0)
    torch.testing.assert_close(evaluator.aleatoric(X), single / math.log(3))
    prediction = evaluator.predict(X)
    torch.testing.assert_close(prediction.mean, mean)
    total = -(mean * mean.log()).sum(-1)
    torch.testing.assert_close(prediction.entropy, total)
    torch.testing.assert_close(prediction.mutual_information, total - single, atol=1e-6, rtol=1e-4)


def test_an_ensemble_agrees_with_its_members():
    members = [classifier(0.0) for _ in range(4)]
    with torch.no_grad():
        passes = torch.stack([member(X).softmax(dim=1) for member in members])
    evaluator = UncertaintyEvaluator(members, method="ensemble")
    torch.testing.assert_close(evaluator.predict(X).mean, passes.mean(0))
    torch.testing.assert_close(evaluator.epistemic(X), 2 * passes.std(0, correction=0))


def test_batch_norm_takes_the_statistics_of_one_random_batch():
    model = normed()
    evaluator = UncertaintyEvaluator(
        model, method="batch_norm", samples=2, train_data=TRAIN, batch_size=50, seed=5
    )
    torch.manual_seed(5)
    passes = []
    with torch.no_grad():
        for _ in range(2):
            hidden = model[0](TRAIN[torch.randperm(400)[:50]])
            mean, variance = hidden.mean(0), hidden.var(0, correction=0)
            value = (model[0](X) - mean) / (variance + model[1].eps).sqrt()
            value = value * model[1].weight + model[1].bias
            passes.append(model[3](value.relu()).softmax(1))
    expected = torch.stack(passes).mean(0)
    torch.testing.assert_close(evaluator.predict(X).mean, expected, atol=1e-5, rtol=1e-5)


def test_batch_norm_of_images_takes_statistics_over_pixels_too():
    model = nn.Sequential(nn.BatchNorm2d(2, affine=False), nn.Flatten(), nn.Linear(18, 2)).eval()
    images = torch.randn(40, 2, 3, 3) * 3 + 1
    evaluator = UncertaintyEvaluator(
        model, method="batch_norm", samples=2, train_data=(images, None), batch_size=39
    )
    own = nn.functional.batch_norm(images, None, None, training=True)
    expected = model[2](own.flatten(1)).softmax(1)
    torch.testing.assert_close(evaluator.predict(images).mean, expected, atol=0.02, rtol=0.1)


def test_regression_splits_the_total_variance():
    model = Gaussian().eval()
    evaluator = UncertaintyEvaluator(model, task="regression", samples=9, seed=1)
    torch.manual_seed(1)
    model.drop.train()
    with torch.no_grad():
        means, variances = zip(
            *[(m, v.exp()) for m, v in (model(X) for _ in range(9))], strict=True
        )
    spread, noise = torch.stack(means).var(0, correction=0), torch.stack(variances).mean(0)
    torch.testing.assert_close(evaluator.epistemic(X), spread.sqrt())
    torch.testing.assert_close(evaluator.aleatoric(X), noise.sqrt())
    prediction = evaluator.predict(X)
    normal = torch.distributions.Normal(0.0, (spread + noise).sqrt())
    torch.testing.assert_close(prediction.entropy, normal.entropy())
    alone = torch.distributions.Normal(0.0, noise.sqrt())
    torch.testing.assert_close(prediction.mutual_information, normal.entropy() - alone.entropy())


def test_the_scales_end_where_the_docstring_says():
    certain = torch.tensor([[50.0, -50.0]])

    class Fixed(nn.Module):
        def __init__(self, logits):
            super().__init__()
            self.logits = logits

        def forward(self, x):
            return self.logits.expand(len(x), -1)

    opposed = UncertaintyEvaluator([Fixed(certain), Fixed(-certain)], method="ensemble")
    torch.testing.assert_close(opposed.epistemic(X), torch.ones(7, 2))
    torch.testing.assert_close(opposed.aleatoric(X), torch.zeros(7))
    torch.testing.assert_close(opposed.predict(X).mutual_information, torch.full((7,), math.log(2)))
    unsure = UncertaintyEvaluator([Fixed(torch.zeros(1, 2))] * 2, method="ensemble")
    torch.testing.assert_close(unsure.aleatoric(X), torch.ones(7))
    torch.testing.assert_close(unsure.epistemic(X), torch.zeros(7, 2))


def test_a_noise_head_learns_the_noise_of_a_regression():
    inputs = torch.rand(4000, 1) * 4 - 2
    noise = 0.1 + 0.4 * inputs.abs()
    targets = 3 * inputs + noise * torch.randn(4000, 1)
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(300):
        loss = nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    before = [parameter.clone() for parameter in model.parameters()]
    evaluator = UncertaintyEvaluator(
        model, task="regression", method="noise_head", train_data=(inputs, targets)
    )
    grid = torch.tensor([[-1.5], [0.0], [1.5]])
    learned = evaluator.aleatoric(grid).flatten()
    torch.testing.assert_close(learned, torch.tensor([0.7, 0.1, 0.7]), atol=0.1, rtol=0.15)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert evaluator.predict(grid).mutual_information.abs().max() < 1e-6


def test_a_noise_head_takes_confidence_from_a_classifier_with_random_labels():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        model[2].weight.mul_(20)  # certain, and wrong two times in three
    evaluator = UncertaintyEvaluator(
        model, method="noise_head", train_data=(TRAIN, torch.randint(3, (400,))), epochs=60
    )
    plain = entropy(model(TRAIN).softmax(1)).mean() / math.log(3)
    assert evaluator.aleatoric(TRAIN).mean() > plain + 0.2


# --- what it leaves as it was -----------------------------------------------------------------


@pytest.mark.parametrize("method", ["dropout", "batch_norm", "ensemble", "noise_head"])
def test_model_generators_and_results_stay_the_same(method):
    evaluator = evaluators()[method]
    for model in evaluator.models:
        model.train()
        model[0].eval()
    state = [{k: v.clone() for k, v in m.state_dict().items()} for m in evaluator.models]
    modes = [[layer.training for layer in m.modules()] for m in evaluator.models]
    generator = torch.get_rng_state()
    first = evaluator.predict(X)
    torch.testing.assert_close(evaluator.predict(X).mean, first.mean, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), generator)
    assert modes == [[layer.training for layer in m.modules()] for m in evaluator.models]
    for before, model in zip(state, evaluator.models, strict=True):
        after = model.state_dict()
        assert all(torch.equal(before[key], after[key]) for key in before)
    assert first.mean.shape == (7, 3)
    assert first.entropy.shape == first.mutual_information.shape == (7,)
    assert not first.mean.requires_grad


def test_an_error_in_the_model_leaves_it_as_it_was():
    model = normed()
    model.train()
    evaluator = UncertaintyEvaluator(
        model, method="batch_norm", samples=2, train_data=TRAIN, batch_size=32
    )
    before = model[1].running_mean.clone()
    with pytest.raises(RuntimeError):
        evaluator.predict(torch.randn(5, 9))
    assert model.training
    assert model[1].training
    assert torch.equal(before, model[1].running_mean)
    assert not model[1]._forward_pre_hooks


@pytest.mark.parametrize("method", ["dropout", "batch_norm", "ensemble"])
def test_a_batch_larger_than_batch_size_and_another_seed(method):
    evaluator = evaluators()[method]
    evaluator.batch_size = 32
    assert evaluator.predict(TRAIN).mean.shape == (400, 3)
    first = evaluator.epistemic(X)
    assert ((first >= 0) & (first <= 1)).all()
    evaluator.seed = 99
    assert torch.equal(evaluator.epistemic(X), first) == (method == "ensemble")


def test_only_dropout_is_switched_on():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    before = model[0].running_mean.clone()
    UncertaintyEvaluator(model, samples=3).predict(X + 5)
    assert torch.equal(before, model[0].running_mean)


def test_a_noise_head_can_be_made_without_gradients_around_it():
    with torch.no_grad():
        evaluators()["noise_head"].aleatoric(X)


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": "ranking"}, "choose one of classification"),
        ({"method": "magic"}, "choose one of dropout"),
        ({"samples": 1}, "at least 2"),
        ({"method": "batch_norm", "train_data": TRAIN}, "no batch-norm layer"),
        ({"method": "ensemble"}, "at least two trained models"),
        ({"method": "noise_head"}, "a pair"),
        ({"method": "noise_head", "train_data": (TRAIN, torch.zeros(3))}, "targets of shape"),
    ],
)
def test_wrong_settings(options, words):
    with pytest.raises(ValueError, match=words):
        UncertaintyEvaluator(classifier(), **options)


@pytest.mark.parametrize("model", [nn.Linear(4, 3), classifier(0.0)])
def test_a_model_without_dropout(model):
    with pytest.raises(ValueError, match="no dropout layer"):
        UncertaintyEvaluator(model)


def test_batch_norm_needs_data_and_statistics():
    with pytest.raises(ValueError, match="needs train_data"):
        UncertaintyEvaluator(normed(), method="batch_norm")
    with pytest.raises(ValueError, match="would be the same"):
        UncertaintyEvaluator(normed(), method="batch_norm", train_data=TRAIN[:100])
    bare = nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 2))
    with pytest.raises(ValueError, match="running statistics"):
        UncertaintyEvaluator(bare, method="batch_norm", train_data=TRAIN)


def test_something_that_is_no_model_or_no_tensor():
    with pytest.raises(TypeError, match="torch module"):
        UncertaintyEvaluator("LeNet-5")
    with pytest.raises(TypeError, match="torch tensor"):
        UncertaintyEvaluator(classifier()).predict(X.numpy())


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (X[:0], "empty"),
        (torch.full((2, 4), math.nan), "8 of 8 input values"),
        (torch.tensor([[1.0, math.inf, 0.0, 0.0]]), "1 of 4 input values"),
    ],
)
def test_inputs_that_cannot_be_evaluated(inputs, words):
    with pytest.raises(ValueError, match=words):
        UncertaintyEvaluator(classifier()).epistemic(inputs)


def test_outputs_that_do_not_fit_the_task():
    one = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))
    with pytest.raises(ValueError, match="no classifier"):
        UncertaintyEvaluator(one).predict(X)
    soft = nn.Sequential(classifier(), nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="probabilities, not logits"):
        UncertaintyEvaluator(soft).predict(X)
    flat = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match=r"\(7, outputs\)"):
        UncertaintyEvaluator(flat, task="regression").predict(X)
    broken = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))
    broken[1].bias.data[0] = math.nan
    with pytest.raises(ValueError, match="not finite"):
        UncertaintyEvaluator(broken).predict(X)


def test_questions_that_a_method_cannot_answer():
    with pytest.raises(ValueError, match="one pass cannot disagree"):
        evaluators()["noise_head"].epistemic(X)
    silent = UncertaintyEvaluator(
        nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2)), task="regression"
    )
    assert silent.predict(X).mutual_information is None
    with pytest.raises(ValueError, match="states no noise"):
        silent.aleatoric(X)


def test_a_noise_head_needs_a_place_to_start_and_a_silent_model():
    targets = torch.zeros(400, 2)
    with pytest.raises(ValueError, match="states its noise already"):
        UncertaintyEvaluator(
            Gaussian(), task="regression", method="noise_head", train_data=(TRAIN, targets)
        )
    fixed = nn.Sequential(nn.Unflatten(1, (4, 1)), nn.Conv1d(4, 3, 1), nn.Flatten())
    with pytest.raises(ValueError, match="no linear layer"):
        UncertaintyEvaluator(
            fixed, method="noise_head", train_data=(TRAIN, torch.zeros(400, dtype=torch.long))
        )
