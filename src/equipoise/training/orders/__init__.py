"""Update orders: who moves when. One small class each, independent of the game and of the optimisers."""

from equipoise.training.orders.alternating import Alternating, AlternatingGenFirst
from equipoise.training.orders.build import ORDERS, build_order
from equipoise.training.orders.extragradient import Extragradient
from equipoise.training.orders.lookahead import Lookahead
from equipoise.training.orders.optimistic import Optimistic
from equipoise.training.orders.order import JointGradient, Match, Order
from equipoise.training.orders.past_extragradient import PastExtragradient
from equipoise.training.orders.simultaneous import Simultaneous

__all__ = [
    "ORDERS",
    "Alternating",
    "AlternatingGenFirst",
    "Extragradient",
    "JointGradient",
    "Lookahead",
    "Match",
    "Optimistic",
    "Order",
    "PastExtragradient",
    "Simultaneous",
    "build_order",
]
