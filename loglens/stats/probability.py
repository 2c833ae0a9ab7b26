"""Two probabilities by themselves: SciPy gives the same, but takes as long to load as a small log to judge.

Every `diagnose` needs them; a comparison of runs can wait, and has SciPy's (`parting`).
"""

from __future__ import annotations

import math

#: Terms after which a continued fraction is given up; about sqrt(n) are needed for n moves.
TERMS = 100_000


def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 <= x <= 1.

    By its continued fraction (DLMF 8.17.22) in Lentz's form, on the side where it converges fast.
    """
    if x <= 0 or x >= 1:
        return 1.0 if x >= 1 else 0.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)) with the coefficients of DLMF 8.17.23."""
    tiny, value, top, bottom = 1e-300, 1.0, 1.0, 0.0
    for term in range(1, TERMS):
        m = term // 2
        if term % 2:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        bottom = 1 / (1 + d * bottom or tiny)
        top = 1 + d / top or tiny
        value *= top * bottom
        if abs(top * bottom - 1) < 1e-15:
            break
    return value


def binomial_tail(successes: int, trials: int) -> float:
    """The chance that a fair coin shows at least so many heads in so many throws."""
    return beta_share(successes, trials - successes + 1, 0.5) if successes > 0 else 1.0


def student_quantile(freedom: float, share: float) -> float:
    """The value below which Student's t with so many degrees of freedom lies with this chance, 0.5 < share < 1.

    By Newton's method on the logarithms of t and of the tail: a concave curve.
    """
    tail, t = 1 - share, 1.0
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    for _ in range(100):
        above = beta_share(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
        density = math.exp(scale - (freedom + 1) / 2 * math.log1p(t * t / freedom))
        step = min(math.log(above / tail) * above / (t * density), 1.0)  # not to where the tail is 0
        t *= math.exp(step)
        if abs(step) < 1e-14:
            break
    return t
