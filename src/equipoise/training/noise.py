"""Gradient noise of either player: how much a gradient of one batch says about the gradient of all.

With G the mean gradient of a player's loss and Sigma the covariance of the gradient of one example, a batch of b has
E|g_b|^2 = |G|^2 + tr(Sigma)/b (McCandlish et al. 2018, appendix A). Squared norms at two batch sizes give both unknowns
without bias, and their ratio is the *noise scale* tr(Sigma)/|G|^2, a batch size: below it the gradient is mostly
noise, above it a larger batch adds little. An "example" of a game is a real example with a latent; each player has a
noise scale of its own, which depends on where the game stands.

The ratio of two noisy numbers is biased, so numerator and denominator are averaged apart and divided last. Three ways
to the squared norms are here: batches of two sizes, micro-batches of one batch, and the gradient of each example by
`torch.func`. Where batch normalisation ties the examples of a batch together the last is not defined, and
micro-batches measure the gradient that batches of their own size would give.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from equipoise.core.batches import Batch
from equipoise.core.errors import UserError
from equipoise.core.seeding import Streams
from equipoise.games import Game
from equipoise.games.generative import GenerativeGame
from equipoise.networks import dropouts

PLAYERS = ("disc", "gen")


class NoiseSample(NamedTuple):
    """One unbiased measurement of one player, scalars on the device; either may come out below 0.

    Attributes:
        noise: tr(Sigma), the variance of one example's gradient summed over all parameters.
        signal: |G|^2.
    """

    noise: Tensor
    signal: Tensor


Samples = dict[str, NoiseSample]
"""A measurement of each player, by "disc" and "gen"."""


def from_norms(small: Tensor, big: Tensor, num_small: int, num_big: int) -> NoiseSample:
    """Noise and signal from the mean squared norms ``small`` and ``big`` of gradients over two batch sizes.

    >>> from_norms(torch.tensor(5.0), torch.tensor(2.0), 1, 4)  # |G|^2 = 1, tr(Sigma) = 4
    NoiseSample(noise=tensor(4.), signal=tensor(1.))
    """
    assert num_small < num_big, f"batch sizes {num_small} and {num_big} are not apart"
    noise = (small - big) / (1 / num_small - 1 / num_big)
    signal = (num_big * big - num_small * small) / (num_big - num_small)
    return NoiseSample(noise, signal)


def from_two_batches(game: Game[Any], small: Batch, big: Batch, streams: Streams) -> Samples:
    """Noise of both players from two independent batches of different sizes; networks are left as they were."""
    with unchanged_buffers(game):
        norms = [[_squared_norm(own) for own in _joint_gradient(game, batch, streams)] for batch in (small, big)]
    sizes = len(small.examples), len(big.examples)
    return {name: from_norms(one, other, *sizes) for name, one, other in zip(PLAYERS, *norms, strict=True)}


def from_micro_batches(game: Game[Any], batch: Batch, num_parts: int, streams: Streams) -> Samples:
    """Noise of both players from ``batch`` cut into ``num_parts`` of equal size; what is left over is not used.

    Latents are drawn from ``streams``. Networks are left as they were, buffers included.
    """
    size = len(batch.examples) // num_parts
    sums: list[list[Tensor]] = []
    squares = [torch.zeros((), device=batch.examples.device)] * len(PLAYERS)
    with unchanged_buffers(game):
        for number in range(num_parts):
            gradients = _joint_gradient(game, part_of(batch, number * size, size), streams)
            squares = [total + _squared_norm(own) for total, own in zip(squares, gradients, strict=True)]
            sums = [_added(total, own) for total, own in zip(sums, gradients, strict=True)] if sums else gradients
    means = [_squared_norm(total) / num_parts**2 for total in sums]
    return {
        name: from_norms(square / num_parts, mean, size, size * num_parts)
        for name, square, mean in zip(PLAYERS, squares, means, strict=True)
    }


def from_examples(game: GenerativeGame, batch: Batch, streams: Streams) -> Samples:
    """Noise of both players from the gradient of each example by `torch.func`.

    Raises:
        UserError: a network has batch normalisation, or the discriminator has a slope penalty.
    """
    _refuse_ties(game)
    latents = game.sample_latents(len(batch.examples), streams["latents"])
    samples = {}
    with unchanged_buffers(game), torch.no_grad():  # `grad` differentiates all the same, and the opponent gets no graph
        for name, gradients in (
            ("disc", _disc_gradients(game, batch, latents)),
            ("gen", _gen_gradients(game, batch, latents)),
        ):
            flat = torch.cat([own.flatten(1) for own in gradients.values()], dim=1)
            squares, mean = flat.square().sum(1).mean(), flat.mean(0).square().sum()
            samples[name] = from_norms(squares, mean, 1, len(flat))
    return samples


class NoiseAverage:
    """Running averages of noise and signal of one player, free of the bias of their start.

    Args:
        device: where they are kept; nothing is read from it before `read`.
        decay: weight of the past at each new measurement.

    >>> average = NoiseAverage(torch.device("cpu"))
    >>> average.update(NoiseSample(torch.tensor(6.0), torch.tensor(2.0)))
    >>> average.read()["noise_scale"]
    3.0
    """

    def __init__(self, device: torch.device, decay: float = 0.9) -> None:
        self.decay = decay
        self._num, self._sums = torch.zeros((), dtype=torch.int64, device=device), torch.zeros(2, device=device)

    def update(self, sample: NoiseSample) -> None:
        """Take in a measurement, or pass over it where it is not finite; no host read."""
        values = torch.stack(sample).float()
        is_finite = values.isfinite().all()
        self._sums = torch.where(is_finite, self.decay * self._sums + (1 - self.decay) * values, self._sums)
        self._num = self._num + is_finite

    def read(self) -> dict[str, float | None]:
        """``noise``, ``signal`` and ``noise_scale``; None before the first one, or where the signal is not above 0."""
        if not (num := int(self._num)):
            return {"noise": None, "signal": None, "noise_scale": None}
        noise, signal = (self._sums / (1 - self.decay**num)).tolist()
        return {"noise": noise, "signal": signal, "noise_scale": noise / signal if signal > 0 else None}

    def state_dict(self) -> dict[str, Any]:
        """The averages."""
        return {"sums": self._sums.clone(), "num": int(self._num)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved averages."""
        self._sums, self._num = state["sums"].to(self._sums), torch.full_like(self._num, state["num"])


@contextmanager
def unchanged_buffers(game: Game[Any]) -> Iterator[None]:
    """Inside, passes may change batch statistics and spectral vectors and draw dropout; afterwards all is as before."""
    buffers = [*game.disc.buffers(), *game.gen.buffers()]
    saved = [buffer.clone() for buffer in buffers]
    generators = {layer.generator for player in (game.disc, game.gen) for layer in dropouts(player)}
    drawn = {generator: generator.get_state() for generator in generators if generator is not None}
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, saved, strict=True):
                buffer.copy_(value)
        for generator, state in drawn.items():
            generator.set_state(state)


def has_batch_normalization(game: Game[Any]) -> bool:
    """Whether either network ties the examples of a batch together."""
    modules = (module for player in (game.disc, game.gen) for module in player.modules())
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in modules)


def part_of(batch: Batch, start: int, size: int) -> Batch:
    """``size`` examples of ``batch`` from position ``start`` on."""
    return batch.rows(slice(start, start + size))


def _joint_gradient(game: Game[Any], batch: Batch, streams: Streams) -> list[list[Tensor]]:
    """Gradients of (disc, gen), each of its own total loss, from one pass of each network."""
    disc_terms, gen_terms = game.terms(batch, game.generate(batch, streams), streams)
    found = []
    for module, terms, retain in ((game.disc, disc_terms, True), (game.gen, gen_terms, False)):
        parameters = list(module.parameters())
        gradients = torch.autograd.grad(terms.total, parameters, retain_graph=retain, allow_unused=True)
        found.append([gradient for gradient in gradients if gradient is not None])
    return found


def _squared_norm(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack(torch._foreach_norm(list(gradients))).square().sum()


def _added(total: list[Tensor], more: list[Tensor]) -> list[Tensor]:
    return list(torch._foreach_add(total, more))


def _refuse_ties(game: GenerativeGame) -> None:
    if has_batch_normalization(game):
        raise UserError(
            "Batch normalisation ties the examples of a batch together, so that none has a gradient of its own; "
            "measure the noise with micro-batches."
        )
    if game.penalty is not None:
        raise UserError(
            "torch.func cannot take the gradient of a slope penalty example by example; measure the noise with "
            "micro-batches."
        )


def _disc_gradients(game: GenerativeGame, batch: Batch, latents: Tensor) -> dict[str, Tensor]:
    fakes = game.gen(latents, batch.labels)

    def loss(parameters: dict[str, Tensor], real: Tensor, fake: Tensor, label: Tensor | None) -> Tensor:
        labels = None if label is None else label[None]
        scores = [functional_call(game.disc, parameters, (example[None], labels)) for example in (real, fake)]
        return game.objective.disc_loss(*scores)

    inputs = (batch.examples, fakes, batch.labels)
    return _each(loss, game.disc, inputs)


def _gen_gradients(game: GenerativeGame, batch: Batch, latents: Tensor) -> dict[str, Tensor]:
    def loss(parameters: dict[str, Tensor], real: Tensor, latent: Tensor, label: Tensor | None) -> Tensor:
        labels = None if label is None else label[None]
        fake = functional_call(game.gen, parameters, (latent[None], labels))
        real_scores = game.disc(real[None], labels) if game.objective.gen_reads_real_scores else None
        return game.objective.gen_loss(game.disc(fake, labels), real_scores)

    return _each(loss, game.gen, (batch.examples, latents, batch.labels))


def _each(loss: Any, module: nn.Module, inputs: tuple[Tensor | None, ...]) -> dict[str, Tensor]:
    """Gradients (N, ...) by parameter, one for each row of ``inputs``."""
    parameters = {name: parameter.detach() for name, parameter in module.named_parameters()}
    rows = tuple(None if value is None else 0 for value in inputs)
    gradients: dict[str, Tensor] = vmap(grad(loss), in_dims=(None, *rows))(parameters, *inputs)
    return gradients
