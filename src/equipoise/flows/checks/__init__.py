"""Checks on flows and schemes, each a function that anyone can call on any flow."""

from equipoise.flows.checks.contraction import contraction_rate, largest_excess, separations
from equipoise.flows.checks.evi import evi_residuals
from equipoise.flows.checks.invariants import angles, crossing_times, drift, period, radius, turns
from equipoise.flows.checks.order import Order, distance, fitted_slope, observed_order
from equipoise.flows.checks.stability import (
    LinearFlow,
    Stability,
    flow_matrix,
    growth,
    linear_stability,
    stabilising_ratios,
)

__all__ = [
    "LinearFlow",
    "Order",
    "Stability",
    "angles",
    "contraction_rate",
    "crossing_times",
    "distance",
    "drift",
    "evi_residuals",
    "fitted_slope",
    "flow_matrix",
    "growth",
    "largest_excess",
    "linear_stability",
    "observed_order",
    "period",
    "radius",
    "separations",
    "stabilising_ratios",
    "turns",
]
