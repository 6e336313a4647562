"""An update order from the settings of the rounds."""

import functools
from collections.abc import Callable
from typing import Any

from equipoise.config import TrainingSettings
from equipoise.training.orders.alternating import Alternating, AlternatingGenFirst
from equipoise.training.orders.extragradient import Extragradient
from equipoise.training.orders.lookahead import Lookahead
from equipoise.training.orders.optimistic import Optimistic
from equipoise.training.orders.order import Order
from equipoise.training.orders.past_extragradient import PastExtragradient
from equipoise.training.orders.simultaneous import Simultaneous

ORDERS: dict[str, Callable[..., Order]] = {
    "alternating": Alternating,
    "alternating-gen-first": AlternatingGenFirst,
    "simultaneous": Simultaneous,
    "extragradient": Extragradient,
    "past-extragradient": PastExtragradient,
    "optimistic": Optimistic,
    "lookahead": Lookahead,
}


def build_order(settings: TrainingSettings) -> Order:
    """The order that ``settings`` name, with its own settings; it has played no round."""
    arguments = order_arguments(settings, settings.order)
    if settings.order == "lookahead":
        inner = functools.partial(ORDERS[settings.lookahead_over], **order_arguments(settings, settings.lookahead_over))
        arguments = {"inner": inner, "every": settings.lookahead_every, "weight": settings.lookahead_weight}
    return ORDERS[settings.order](settings.disc_steps, **arguments)


def order_arguments(settings: TrainingSettings, name: str) -> dict[str, Any]:
    """The arguments, besides the discriminator steps, of an order that wraps no other."""
    return {"extrapolation": settings.extrapolation} if name in ("extragradient", "past-extragradient") else {}
