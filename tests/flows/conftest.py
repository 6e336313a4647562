"""Flows and states that several tests look at."""

import math

import pytest
import torch

from equipoise.flows import GameFlow, State
from equipoise.games import quadratic

TURN = 2 * math.pi


@pytest.fixture
def turning():
    """l/2 x^2 + xy - l/2 y^2 from (x, y) = (1, 0)."""

    def make(curvature=0.0, ratio=1.0):
        return GameFlow(quadratic(curvature), ratio)

    return make


@pytest.fixture
def point():
    """A state of two numbers."""

    def make(disc, gen):
        return State(*(torch.tensor([value], dtype=torch.float64) for value in (disc, gen)))

    return make
