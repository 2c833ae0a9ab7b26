"""The t and binomial distributions in plain Python: importing SciPy takes as long as judging a small log.

Every `diagnose` needs them; a comparison of runs, which may be slower, uses SciPy (`separation`).
"""

from __future__ import annotations

import math

#: Most terms of a continued fraction that are computed; about sqrt(n) are needed for n trials.
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
    """The probability of at least so many heads in so many throws of a fair coin."""
    return beta_share(successes, trials - successes + 1, 0.5) if successes > 0 else 1.0


def student_quantile(freedom: float, share: float) -> float:
    """The quantile of Student's t distribution with so many degrees of freedom, for 0.5 < share < 1.

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
