"""Update orders: who moves when. One small class each, independent of the game and of the optimisers."""

from equipoise.training.orders.alternating import Alternating, AlternatingGenFirst
from equipoise.training.orders.order import Match, Order
from equipoise.training.orders.simultaneous import Simultaneous

ORDERS: dict[str, type[Order]] = {
    "alternating": Alternating,
    "alternating-gen-first": AlternatingGenFirst,
    "simultaneous": Simultaneous,
}

__all__ = ["ORDERS", "Alternating", "AlternatingGenFirst", "Match", "Order", "Simultaneous"]
