"""The domain-adversarial game: gradient reversal is its independent implementation; one pass serves both players."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from equipoise.config import GameSettings
from equipoise.core.batches import DomainBatch
from equipoise.core.errors import IgnoredSettingWarning
from equipoise.core.seeding import Streams
from equipoise.games import OBJECTIVES, PENALTIES, Features, build_adaptation_game
from equipoise.games.domain_adversarial import conditioned_on, confusion, domain_accuracy, information

NUM_CLASSES, NUM_FEATURES = 3, 5
WEIGHT = 0.3


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, NUM_FEATURES))
        self.head = nn.Sequential(nn.Tanh(), nn.Linear(NUM_FEATURES, NUM_CLASSES))

    def forward(self, examples, labels=None):
        return self.head(self.features(examples))


class Domains(nn.Module):
    def __init__(self, num_inputs):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(num_inputs, 7), nn.Tanh(), nn.Linear(7, 1), nn.Flatten(0))

    def forward(self, features, labels=None):
        return self.layers(features)


def make_game(**settings):
    torch.manual_seed(0)
    num_inputs = NUM_FEATURES * (NUM_CLASSES if settings.get("conditioned") else 1)
    settings = GameSettings(kind="domain-adversarial", adversarial_weight=WEIGHT, **{"objective": "minimax"} | settings)
    game = build_adaptation_game(settings, Domains(num_inputs).double(), Classifier().double())
    game.adversarial_weight = WEIGHT
    return game


def make_batch():
    draw = torch.Generator().manual_seed(1)
    source, target = (torch.randn(6, 4, generator=draw, dtype=torch.float64) + shift for shift in (0, 1))
    return DomainBatch(source, torch.tensor([0, 1, 2, 0, 1, 2]), target)


class Reversal(torch.autograd.Function):
    """The layer of Ganin & Lempitsky: the identity forwards, -weight backwards."""

    @staticmethod
    def forward(context, features, weight):
        context.weight = weight
        return features.view_as(features)

    @staticmethod
    def backward(context, gradient):
        return -context.weight * gradient, None


def gradients_by_reversal(game, batch):
    """One sum of two cross-entropies through the reversal layer, and one backward pass for both players."""
    features = game.gen.features(torch.cat([batch.examples, batch.target]))
    label_loss = functional.cross_entropy(game.gen.head(features[: len(batch.labels)]), batch.labels)
    domains = torch.cat([torch.ones(len(batch.examples)), torch.zeros(len(batch.target))]).double()
    scores = game.disc(Reversal.apply(features, WEIGHT))
    # The mean over both halves of equal size is half the sum of two means.
    domain_loss = 2 * functional.binary_cross_entropy_with_logits(scores, domains)
    parameters = [*game.disc.parameters(), *game.gen.parameters()]
    return torch.autograd.grad(label_loss + domain_loss, parameters), domain_loss, label_loss


def gradients_of(game, disc_terms, gen_terms):
    disc = torch.autograd.grad(disc_terms.total, list(game.disc.parameters()), retain_graph=True)
    return disc + torch.autograd.grad(gen_terms.total, list(game.gen.parameters()), retain_graph=True)


@pytest.mark.parametrize("shared", [True, False])
def test_two_players_have_the_gradients_of_gradient_reversal(shared):
    game, batch = make_game(), make_batch()
    expected, domain_loss, label_loss = gradients_by_reversal(game, batch)
    move = game.generate(batch, Streams(0))
    if shared:
        disc, gen = game.terms(batch, move, Streams(0))
    else:
        disc, gen = game.disc_terms(batch, move, Streams(0)), game.gen_terms(batch, move, Streams(0))
    for found, wanted in zip(gradients_of(game, disc, gen), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(disc.adversarial, domain_loss)
    torch.testing.assert_close(gen.adversarial, -domain_loss)
    torch.testing.assert_close(gen.auxiliary, label_loss)


@pytest.mark.parametrize("options", [{}, {"conditioned": True}, {"information_weight": 0.5}])
@pytest.mark.parametrize("penalty", ["none", *PENALTIES])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_shared_passes_give_the_terms_and_gradients_of_separate_ones(objective, penalty, options):
    game, batch = make_game(objective=objective, penalty=penalty, clip=1.0, **options), make_batch()
    move = game.generate(batch, Streams(0))
    together = game.terms(batch, move, Streams(0))
    apart = game.disc_terms(batch, move, Streams(0)), game.gen_terms(batch, move, Streams(0))
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one.total, other.total, rtol=1e-13, atol=1e-13)
        torch.testing.assert_close(one.accuracy, other.accuracy)
    for one, other in zip(gradients_of(game, *together), gradients_of(game, *apart), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_the_recorded_loss_carries_no_weight_and_the_total_does():
    game, batch = make_game(), make_batch()
    disc, gen = game.terms(batch, game.generate(batch, Streams(0)), Streams(0))
    torch.testing.assert_close(gen.total, gen.auxiliary - WEIGHT * disc.adversarial)
    torch.testing.assert_close(disc.total, disc.adversarial)
    game = make_game(weighted_disc=True)
    disc, _ = game.terms(batch, game.generate(batch, Streams(0)), Streams(0))
    torch.testing.assert_close(disc.total, WEIGHT * disc.adversarial)


def test_the_discriminators_loss_leads_nowhere_near_the_features():
    game, batch = make_game(conditioned=True), make_batch()
    terms = game.disc_terms(batch, game.generate(batch, Streams(0)), Streams(0))
    found = torch.autograd.grad(terms.total, list(game.gen.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in found)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_at_the_ideal_both_losses_are_the_games_ideal_values(objective):
    game = make_game(objective=objective, clip=1.0)
    scores = Features(*2 * [torch.full((4,), OBJECTIVES[objective].optimal_score, dtype=torch.float64)])
    assert OBJECTIVES[objective].disc_loss(*scores).item() == pytest.approx(game.ideal_disc_loss)
    if game.ideal_gen_loss is not None:
        assert confusion(OBJECTIVES[objective], scores).item() == pytest.approx(game.ideal_gen_loss)


def test_the_ideal_of_the_published_game_is_log_4():
    game = make_game()
    assert game.ideal_disc_loss == pytest.approx(math.log(4))
    assert game.ideal_gen_loss == pytest.approx(-math.log(4))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_domains_are_treated_alike(objective):
    """Exchanging the domains and mirroring the scores changes nothing, for the discriminator and for the features."""
    formulas = OBJECTIVES[objective]
    draw = torch.Generator().manual_seed(3)
    source, target = (torch.randn(8, generator=draw, dtype=torch.float64) for _ in range(2))
    mirrored = Features(2 * formulas.optimal_score - target, 2 * formulas.optimal_score - source)
    torch.testing.assert_close(formulas.disc_loss(*mirrored), formulas.disc_loss(source, target))
    torch.testing.assert_close(confusion(formulas, mirrored), confusion(formulas, Features(source, target)))


def test_nonsaturating_features_minimise_the_loss_of_inverted_domains():
    draw = torch.Generator().manual_seed(3)
    source, target = (torch.randn(8, generator=draw, dtype=torch.float64) for _ in range(2))
    formulas = OBJECTIVES["nonsaturating"]
    found = confusion(formulas, Features(source, target))
    torch.testing.assert_close(found, formulas.disc_loss(target, source))


def test_both_domains_share_one_pass_of_batch_normalisation():
    game, batch = make_game(), make_batch()
    counter = game.gen.features[1].num_batches_tracked
    game.generate(batch, Streams(0))
    assert counter.item() == 1
    both = torch.cat([batch.examples, batch.target])
    momentum, layer = 0.1, game.gen.features[0]
    torch.testing.assert_close(game.gen.features[1].running_mean, momentum * layer(both).detach().mean(0))


def test_conditioning_is_the_outer_product_and_has_no_gradient_through_predictions():
    features = torch.tensor([[1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    logits = torch.tensor([[0.0, math.log(3.0)]], dtype=torch.float64, requires_grad=True)
    seen = conditioned_on(features, logits)
    torch.testing.assert_close(seen, torch.tensor([[0.25, 0.75, 0.5, 1.5]], dtype=torch.float64))
    _, none = torch.autograd.grad(seen.sum(), [features, logits], allow_unused=True)
    assert none is None


def test_domain_accuracy_counts_each_domain_half():
    scores = Features(torch.tensor([1.0, 1.0, -1.0, -1.0]), torch.tensor([-1.0]))
    assert domain_accuracy(scores, 0.0).item() == pytest.approx(0.75)


def test_smoothed_labels_are_said_to_be_ignored():
    with pytest.warns(IgnoredSettingWarning, match=r"neither domain is the real one"):
        make_game(real_target=0.9)


def test_settings_of_the_game_warn_where_nothing_is_adapted():
    with pytest.warns(IgnoredSettingWarning, match=r"adversarial_weight=0.5 is ignored because kind is 'generative'"):
        GameSettings(adversarial_weight=0.5)


def test_information_is_that_of_the_target_alone_and_is_weighted_in_units_of_lambda():
    game, batch = make_game(information_weight=0.5), make_batch()
    move = game.generate(batch, Streams(0))
    auxiliary = game.gen_terms(batch, move, Streams(0)).auxiliary
    labels = functional.cross_entropy(game.gen.head(move.source), batch.labels)
    probabilities = game.gen.head(move.target).softmax(1)
    mean = probabilities.mean(0)
    # As the mean divergence of each prediction from the mean prediction.
    found = (probabilities * (probabilities / mean).log()).sum(1).mean()
    torch.testing.assert_close(auxiliary, labels - WEIGHT * 0.5 * found)


@pytest.mark.parametrize("logits", [[[1000.0, 0.0], [0.0, 1000.0]], [[120.0, 0.0], [120.0, 0.0]]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_information_has_gradients_where_a_class_vanishes(logits, dtype):
    logits = torch.tensor(logits, dtype=dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad(information(logits), logits)
    assert bool(gradient.isfinite().all())


def test_information_has_the_gradient_of_its_differences():
    logits = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(information, logits)
