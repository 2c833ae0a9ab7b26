"""A finding is said once, when it has stood for long enough, and again when it goes away or gets worse."""

from __future__ import annotations

from loglens.model.finding import Severity
from loglens.watch.sure import Sureness

WARNING, ERROR, NOTE = Severity.WARNING, Severity.ERROR, Severity.NOTE


def said(sure: Sureness, *steps: tuple[dict[str, Severity], int]) -> list[list[str]]:
    return [sure.update(found, points)[0] for found, points in steps]


def test_it_is_said_once_when_it_has_stood_while_the_run_grew() -> None:
    found = {"divergence": ERROR}
    sure = Sureness(min_judgements=2, min_growth=1.2)
    assert said(sure, (found, 100), (found, 110), (found, 120), (found, 200)) == [[], [], ["divergence"], []]
    assert sure.said is ERROR


def test_one_that_comes_and_goes_is_never_said() -> None:
    sure = Sureness(min_judgements=2, min_growth=1.1)
    for points in range(100, 1000, 20):
        flicker = {"loss-spike": ERROR} if points % 40 else {}
        assert sure.update(flicker, points) == ([], [])


def test_notes_are_never_said() -> None:
    sure = Sureness()
    assert said(sure, *(({"restart": NOTE}, n) for n in (10, 100, 1000))) == [[], [], []]
    assert sure.said is None


def test_it_is_gone_when_two_judgements_in_a_row_lack_it() -> None:
    found = {"plateau": WARNING}
    sure = Sureness()
    said(sure, (found, 10), (found, 20))
    assert sure.update({}, 21) == ([], [])
    assert sure.update(found, 22) == ([], []), "it was away for one judgement only, and is not said again"
    assert sure.update({}, 23) == ([], [])
    assert sure.update({}, 24) == ([], ["plateau"])
    assert sure.said is None
    assert said(sure, (found, 25), (found, 50)) == [[], ["plateau"]], "it is back"


def test_it_is_said_again_when_it_gets_worse() -> None:
    sure = Sureness()
    warned = said(sure, ({"overfitting": WARNING}, 10), ({"overfitting": WARNING}, 20))
    worse = said(sure, ({"overfitting": ERROR}, 30), ({"overfitting": ERROR}, 40))
    milder = said(sure, ({"overfitting": WARNING}, 50), ({"overfitting": ERROR}, 60))
    assert (warned, worse, milder) == ([[], ["overfitting"]], [[], ["overfitting"]], [[], []])


def test_at_the_end_all_is_sure() -> None:
    sure = Sureness()
    assert sure.update({"nan-loss": ERROR, "restart": NOTE}, 10, final=True) == (["nan-loss"], [])
    assert sure.update({}, 10, final=True) == ([], ["nan-loss"])


def test_what_ended_a_run_is_sure_at_once_and_nothing_else_is() -> None:
    sure = Sureness()
    found = {"crashed": ERROR, "divergence": ERROR}
    assert sure.update(found, 10, surely=frozenset({"crashed"})) == (["crashed"], [])
