"""Errors that were published, planted in a textbook optimiser: the suite rejects each, and accepts it without them.

From `papers.md` 2.8 (Naganuma & Iiduka's public code): the aliased previous gradient, ascent at the first step, the
state updated twice, one beta a tensor, weight decay missing from the stored gradient, the clip from above only. From
others' optimisers: the sign of HS and DY flipped (optimistix 0.1.0), |g| for |g|^2 in DY (NCG-Optimizer), the return at
the first parameter without gradient and the copies missing from the state dict (Variational-Inequality-GAN), and the
aliased gradient of its OMD.
"""

import pytest
import torch
from torch.optim import Optimizer

from equipoise.optimizers import conformance

CG_CHECKS = conformance.CONTRACT | conformance.CONJUGACY


class Textbook(Optimizer):
    """Algorithm 1 written down tensor by tensor with host reads; ``bug`` names what is wrong with it."""

    bug = None

    def __init__(self, params, lr, beta="fr", *, cap=0.5, floor=0.0, scale=1.0, weight_decay=0.0, maximize=False):
        self.rule, self.cap, self.floor, self.scale = beta, cap, floor, scale
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "maximize": maximize})
        self.hidden = {}

    def memory(self, parameter):
        outside = self.bug == "copies missing from the state dict"
        return self.hidden.setdefault(parameter, {}) if outside else self.state[parameter]

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moving = []
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    if self.bug == "returns at the first missing gradient":
                        return loss
                    self.memory(parameter).clear()
                    continue
                gradient = -parameter.grad if group["maximize"] else parameter.grad
                if group["weight_decay"]:
                    gradient = gradient + group["weight_decay"] * parameter
                moving.append((group, parameter, gradient, self.memory(parameter)))
        known = [(gradient, memory) for _, _, gradient, memory in moving if memory]
        common = self.beta(known) if known else 0.0
        for group, parameter, gradient, memory in moving:
            beta = common
            if self.bug == "one beta a tensor":
                beta = self.beta([(gradient, memory)]) if memory else 0.0
            self.move(group, parameter, gradient, memory, beta)
        return loss

    def move(self, group, parameter, gradient, memory, beta):
        if not memory and self.bug == "ascent at the first step":
            direction = gradient.clone()
        else:
            direction = beta * memory["d"] - gradient if memory else -gradient
        parameter.add_(direction, alpha=group["lr"])
        if memory and self.bug == "state updated twice":
            direction = beta * direction - gradient
        previous = gradient
        if self.bug == "weight decay missing from the stored gradient":
            previous = -parameter.grad if group["maximize"] else parameter.grad
        memory["d"] = direction
        memory["p"] = previous if self.bug == "aliased previous gradient" else previous.clone()

    def beta(self, known):
        def dot(one, other):
            return sum(float((a * b).sum()) for a, b in zip(one, other, strict=True))

        g, p, d = [g for g, _ in known], [memory["p"] for _, memory in known], [memory["d"] for _, memory in known]
        y = [a - b for a, b in zip(g, p, strict=True)]
        g_g, p_p, g_y, d_y, y_y, d_g = dot(g, g), dot(p, p), dot(g, y), dot(d, y), dot(y, y), dot(d, g)
        sign = -1 if self.bug == "sign of HS and DY" else 1
        fr, prp = self.clip(g_g, p_p), self.clip(g_y, p_p)
        hs = self.clip(sign * g_y, d_y)
        dy = self.clip(sign * (g_g**0.5 if self.bug == "|g| in DY" else g_g), d_y)
        hz = self.clip(hs - 2 * y_y * d_g / d_y**2, 1) if d_y else 0.0
        hybrids = {"hs-dy": max(0, min(hs, dy)), "fr-prp": max(0, min(fr, prp))}
        return self.scale * {"fr": fr, "prp": prp, "hs": hs, "dy": dy, "hz": hz, **hybrids}[self.rule]

    def clip(self, numerator, denominator):
        value = numerator / denominator if denominator else 0.0
        value = value if self.cap is None else min(value, self.cap)
        from_above_only = self.floor is None or self.bug == "clip from above only"
        return value if from_above_only else max(value, self.floor)


BUGS = {
    "aliased previous gradient": "keeps_the_contract_unclipped",
    "ascent at the first step": "first_direction_is_downhill",
    "state updated twice": "constant_gradient_gains_two",
    "one beta a tensor": "ignores_how_parameters_are_split",
    "weight decay missing from the stored gradient": "agrees_with_plain_floats",
    "clip from above only": "agrees_with_plain_floats",
    "sign of HS and DY": "solves_quadratics_in_as_many_steps_as_dimensions",
    "|g| in DY": "solves_quadratics_in_as_many_steps_as_dimensions",
    "returns at the first missing gradient": "tolerates_missing_gradients",
    "copies missing from the state dict": "resumes_between_any_two_steps",
}


def rejecting(make, checks):
    """Names of the checks that fail."""
    found = []
    for name, check in checks.items():
        try:
            check(make)
        except (AssertionError, RuntimeError):
            found.append(name)
    return found


def test_without_a_bug_the_textbook_passes():
    assert rejecting(Textbook, CG_CHECKS) == []


@pytest.mark.parametrize(("bug", "caught_by"), BUGS.items(), ids=list(BUGS))
def test_each_bug_is_rejected(bug, caught_by):
    class Buggy(Textbook):
        pass

    Buggy.bug = bug
    assert caught_by in rejecting(Buggy, CG_CHECKS)


def test_at_the_cap_the_aliased_gradient_goes_unnoticed():
    """Why the suite takes the clip away: FR of random gradients is at its cap with the bug and without."""

    class Aliased(Textbook):
        bug = "aliased previous gradient"

    assert rejecting(Aliased, conformance.CONTRACT) == []


class OptimisticDescent(Optimizer):
    """w <- w - lr (2 g - p), the step of OMD; ``aliased`` keeps the buffer of g as p."""

    aliased = False

    def __init__(self, params, lr, maximize=False):
        super().__init__(params, {"lr": lr, "maximize": maximize})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                gradient = -parameter.grad if group["maximize"] else parameter.grad
                state = self.state[parameter]
                parameter.add_(2 * gradient - state.get("p", gradient), alpha=-group["lr"])
                state["p"] = gradient if self.aliased else gradient.clone()
        return loss


def test_optimistic_descent_that_aliases_its_gradient_is_rejected():
    class Aliased(OptimisticDescent):
        aliased = True

    assert rejecting(OptimisticDescent, conformance.CONTRACT) == []
    assert "keeps_no_gradient_buffer" in rejecting(Aliased, conformance.CONTRACT)
