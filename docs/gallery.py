"""The gallery: what loglens says of twelve of the sample logs, each as anybody can repeat it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import loglens
from loglens.renderers.terminal import report as terminal

SAMPLES = Path(__file__).resolve().parents[1] / "sample_logs"
#: Sample -> its heading, and what was done to it.
CASES = {
    "exploding_gradient_rnn": (
        "Exploding gradient in a recurrent network",
        "A plain recurrent network whose recurrent weights multiply the gradient at every step.",
    ),
    "divergence_lr": (
        "Divergence under a growing learning rate",
        "A classifier whose learning rate doubles every few steps.",
    ),
    "loss_spike_bad_batch": (
        "Loss spike from bad batches",
        "A few batches of absurd inputs in an otherwise sound training.",
    ),
    "nan_loss_keras": (
        "NaN loss in Keras",
        "A logarithm of zero in one batch, in Keras.",
    ),
    "vanishing_gradient_deep_mlp": (
        "Vanishing gradient in a deep network",
        "A deep perceptron with sigmoids.",
    ),
    "dead_relu_negative_bias": (
        "Dead ReLU units",
        "A ReLU layer that starts with large negative biases.",
    ),
    "overfitting_small_data": (
        "Overfitting on little data",
        "A network far too large for its few training examples, in Lightning.",
    ),
    "plateau_lr_decayed_too_early": (
        "Plateau after an early decay",
        "A schedule that decays to almost nothing after 15 % of the run.",
    ),
    "metric_stuck_wrong_labels": (
        "Metric stuck on wrong labels",
        "An evaluation whose labels belong to other classes.",
    ),
    "entropy_collapse_policy": (
        "Entropy collapse of a policy",
        "A policy that stops exploring before it has found a reward.",
    ),
    "gan_collapse_d_wins": (
        "GAN collapse",
        "A GAN whose discriminator wins.",
    ),
    "healthy_lstm": (
        "A healthy run",
        "The same task as the first, with an LSTM and nothing wrong.",
    ),
}
#: Columns of the reports on the page.
WIDTH = 96


def page() -> str:
    """The page, with the report of each case as a terminal without Unicode shows it."""
    parts = [
        "# Gallery",
        "Twelve really trained runs from `sample_logs`, with what was done to each, what a reader sees in its log, and "
        "the whole report. The commands can be repeated in a clone of the repository.",
    ]
    for name, (heading, done) in CASES.items():
        expected = tomllib.loads((SAMPLES / name / "expect.toml").read_text("utf-8"))
        text = "\n".join(line.rstrip() for line in _report(name).splitlines())
        parts += [
            f"## {heading}",
            f"{done} {expected['reason']}",
            f"```text\n$ loglens diagnose sample_logs/{name}\n{text}\n```",
        ]
    return "\n\n".join(parts) + "\n"


def _report(name: str) -> str:
    """The report, with the path as a reader of the repository sees it."""
    made = loglens.diagnose(SAMPLES / name)
    runs = tuple(replace(run, path=_place(run.path)) for run in made.runs)
    return terminal.render(replace(made, runs=runs), width=WIDTH, unicode=False)


def _place(path: str) -> str:
    return Path(path).resolve().relative_to(SAMPLES.parent).as_posix()
