"""Numbers as pages write them."""

import math


def number(value: float) -> str:
    """Four digits, thousands apart; powers of ten only where there is no shorter way.

    >>> number(101.9433), number(12345.6), number(0.00031), number(2.5e-7), number(1e9), number(8.0)
    ('101.9', '12,346', '0.00031', '2.5e-7', '1e9', '8')
    """
    if not math.isfinite(value):
        return "none"
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-4:
        digits, _, power = f"{value:.3g}".partition("e") if "e" in f"{value:.3g}" else f"{value:.2e}".partition("e")
        return f"{float(digits):g}e{int(power)}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(share: float) -> str:
    """A fraction in per cent.

    >>> percent(0.931), percent(0.004)
    ('93 %', '0.4 %')
    """
    return f"{100 * share:.{0 if abs(share) >= 0.1 else 1}f}".removesuffix(".0") + " %"


def steps_text(step: float) -> str:
    """A step in a sentence.

    >>> steps_text(4500)
    'step 4,500'
    """
    return f"step {step:,.0f}"


def times(count: int) -> str:
    """How often.

    >>> times(1), times(2), times(12)
    ('once', 'twice', '12 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def duration(seconds: float) -> str:
    """A time span in its two largest units.

    >>> duration(47.3), duration(125), duration(7300)
    ('47 s', '2 min 5 s', '2 h 1 min')
    """
    if not math.isfinite(seconds):
        return "none"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"
