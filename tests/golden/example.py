"""A report made by hand in which everything occurs that an output has to cope with."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from loglens.model.change import Change
from loglens.model.finding import Confidence, Finding, Remedy, Rule, RuleHelp, Severity
from loglens.model.outcome import RunOutcome
from loglens.model.report import CurveRole, Diagnosis, Report, RuleResult, Unread
from loglens.model.reported_finding import ReportedFinding
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.renderers import brief, github, json, jsonl, junit, markdown, sarif
from loglens.renderers.html import report as html
from loglens.renderers.terminal import report as terminal
from tests.curves import falling, growing, series

FOLDER = Path(__file__).parent

#: Control characters, ANSI and 8-bit escapes, bidi marks, line breaks, markup of rich, HTML and GitHub.
HOSTILE = "evil\x1b[31m\x9b2J\u202egpj\n::error::<script>[bold red]\x00\r\u2028\u200b[/]"
#: Nothing of a hostile name may reach an output for people as it is.
HARMFUL = "\x1b\x9b\u202e\x00\r\u2028\u200b"
NOT_UTF8 = "runs/caf\udce9"

CLIP = Remedy(
    "clip_grad_norm",
    {"max_norm": 0.9},
    "bounds every update; 0.9 is the 90th percentile of this run's 412 gradient norms before the onset",
    {
        "pytorch": "loss.backward()\n"
        "torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.9)\noptimizer.step()",
        "keras": "optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=0.9)",
    },
)
LOWER = Remedy("scale_lr", {"factor": 0.1}, "the growth feeds on large updates", {"pytorch": "Adam(params, lr=1e-4)"})


HELP = {
    "exploding-gradient": RuleHelp(
        Rule("exploding-gradient", "gradient", Severity.ERROR, ("nan-loss",)),
        "The gradient norm grows exponentially",
        {"Why it matters.": "Updates overshoot.", "How it is found.": "`g[t+1] / g[t]` > 1.0, as in <b>org/repo#1</b>"},
    )
}


def norms() -> Series:
    """A gradient norm that explodes from step 412 on and has a spike of one step at 100."""
    value = growing(500, 412, 0.3)
    value[100] = 40.0
    value[440:] = np.nan
    return series(value, "grad_norm_global", tag="train/grad_norm")


def losses() -> Series:
    value = falling(500)
    value[431:] = np.nan
    return series(value, tag="train/ce_loss")


#: What changed before the explosion: a likely cause, and a curve that is logged seldom and named hostilely.
RATE = Change(
    kind="setting",
    what="train/lr",
    before=0.001,
    after=0.1,
    since=409,
    step=410,
    points=2,
    seen=0,
    history=410,
    times=None,
    chance=0.0073,
    also=("lr/group1",),
    explains=True,
)
LENGTH = replace(
    RATE, kind="measurement", what=f"length {HOSTILE}", before=10.0, after=12.5, history=380, times=3.14159
)
LENGTH = replace(LENGTH, also=(), explains=False)


def exploding() -> ReportedFinding:
    finding = Finding(
        "the gradient norm grows 1.35-fold per step from step 412 on, from 0.5 to 2,246",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=412,
        end_step=430,
        evidence={
            "growth_per_step": np.float64(1.35),
            "doubling_steps": 2.31,
            "ratio_above_one": 0.97,
            "overflow_step": 712,
            "peak": float("inf"),
            "layers": ["rnn.0", "rnn.1"],
        },
        remedies=[CLIP, LOWER, Remedy("plugins_own", {"knob": 3}, "")],
        series=(norms(), losses()),
    )
    return ReportedFinding(HELP["exploding-gradient"].rule, finding, onset_time=1.7e9, changes=(RATE, LENGTH))


def nan_loss() -> ReportedFinding:
    finding = Finding(
        "the loss becomes NaN at step 431 and stays so: 69 of 500 points",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=431,
        evidence={"nonfinite_points": 69, "last_finite": 0.21},
        remedies=[Remedy("use_bf16", {}, "it has float32's range", {"pytorch": "torch.autocast(...)"})],
        series=(losses(),),
    )
    return ReportedFinding(Rule("nan-loss", "loss", Severity.ERROR), finding, caused_by="exploding-gradient")


def failed() -> Diagnosis:
    """A chain of two, a note of its own, skipped and crashed rules, notes on the files."""
    advice = ReportedFinding(
        Rule("throughput-degradation", "system", Severity.WARNING),
        Finding(f"the curve {HOSTILE} has few points", Severity.NOTE, Confidence.LOW),
    )
    layers = [
        CurveRole(f"grad/layer{i}", "grad_norm_layer", "train", f"layer{i}", "step", 500, i, 0, 499) for i in range(20)
    ]
    return Diagnosis(
        run="runs/lstm-7",
        path="runs/lstm-7",
        format="tensorboard",
        files=("runs/lstm-7/events.out.tfevents.1",),
        points=12_345,
        first_step=0,
        last_step=499,
        curve_roles=(
            CurveRole("train/ce_loss", "loss", "train", None, "step", 500, 69, 0, 499),
            CurveRole("val/ce_loss", "loss", "val", None, "epoch", 20, 0, 0, 19),
            CurveRole("train/grad_norm", "grad_norm_global", "train", None, "step", 500, 60, 0, 499),
            CurveRole("epoch", "epoch", None, None, "step", 500, 0, 0, 499),
            *layers,
        ),
        findings=(exploding(), nan_loss(), advice),
        outcomes=(
            RuleResult("exploding-gradient", "found"),
            RuleResult("nan-loss", "found"),
            RuleResult("throughput-degradation", "found"),
            RuleResult("divergence", "clean"),
            RuleResult("overfitting", "skipped", "no validation loss was logged"),
            RuleResult("underfitting", "skipped", "no validation loss was logged"),
            RuleResult("dead-relu", "skipped", "no activations were logged"),
            RuleResult("plateau", "crashed", "ValueError: zero-size array"),
        ),
        notes=(
            Note("truncated", "file ends inside record 1203", "runs/lstm-7/events.out.tfevents.1"),
            Note("rewind", "steps go back from 300 to 250 in 1 of 24 curves (train/ce_loss)"),
        ),
        judged=True,
        lead=losses(),
    )


def suspect() -> Diagnosis:
    """A run and a curve with hostile names and an overlong one."""
    curve = replace(series(growing(300, 100, 0.01, at=20), tag=HOSTILE + "x" * 10_000), axis="epoch")
    growth = Finding(
        f"{HOSTILE} grows",
        Severity.WARNING,
        Confidence.MEDIUM,
        onset_step=120,
        evidence={HOSTILE: HOSTILE},
        remedies=[Remedy("weight_decay", {"value": 0.01}, HOSTILE, {HOSTILE: HOSTILE})],
        series=(curve,),
    )
    return Diagnosis(
        run=HOSTILE,
        path=NOT_UTF8,
        format="csv",
        files=(NOT_UTF8 + "/log.csv",),
        points=300,
        first_step=0,
        last_step=299,
        curve_roles=(CurveRole(curve.tag, "weight_norm_global", "train", None, "epoch", 300, 0, 0, 299),),
        findings=(ReportedFinding(Rule("weight-growth", "weights", Severity.WARNING), growth),),
        outcomes=(RuleResult("weight-growth", "found"), RuleResult("nan-loss", "skipped", HOSTILE)),
        notes=(Note("corrupt", HOSTILE, HOSTILE),),
        judged=True,
        lead=curve,
    )


def healthy() -> Diagnosis:
    return Diagnosis(
        run="runs/good",
        path="runs/good",
        format="csv",
        files=("runs/good/metrics.csv",),
        points=400,
        first_step=0,
        last_step=399,
        curve_roles=(CurveRole("loss", "loss", "train", None, "step", 400, 0, 0, 399),),
        findings=(),
        outcomes=(
            RuleResult("nan-loss", "clean"),
            RuleResult("overfitting", "skipped", "no validation loss was logged"),
        ),
        notes=(),
        judged=True,
        outcome=RunOutcome("learned", "loss goes from 1 to 0.1", ("loss",), 0.9, 1.0),
        lead=series(falling(400)),
    )


def unjudged() -> Diagnosis:
    why = "needs 20 losses, has 3"
    return replace(
        healthy(), run="runs/short", judged=False, lead=None, outcomes=(RuleResult("plateau", "skipped", why),)
    )


def report(*runs: Diagnosis) -> Report:
    """A report on the runs given, or on one of each kind together with paths that were not read."""
    if runs:
        return Report(runs, (), "0.0.0", rules=HELP)
    unread = (Unread("photo.png", "not a log that loglens reads: a PNG image"), Unread(HOSTILE, HOSTILE))
    return Report((healthy(), unjudged(), suspect(), failed()), unread, "0.0.0", rules=HELP)


def page() -> str:
    """The HTML page but for its script, its style and their hashes, which are files of their own."""
    text = re.sub(r"(?s)<(style|script)>.*?</\1>", r"<\1></\1>", html.render(report()))
    return re.sub(r"sha256-[\w+/=]+", "sha256", text)


def pages() -> dict[str, str]:
    """The report in every format, by file name."""
    return {
        **({"report.html": page()} if find_spec("jinja2") and find_spec("tsdownsample") else {}),
        "report.jsonl": jsonl.render(report()),
        "report.json": json.render(report()),
        "report.txt": terminal.render(report()),
        "report.80.ascii.txt": terminal.render(report(), width=80, unicode=False),
        "report.ansi": terminal.render(report(), color=True),
        "report.md": markdown.render(report()),
        "report.sarif": sarif.render(report()),
        "report.xml": junit.render(report()),
        "report.github": github.render(report()),
        "report.brief.txt": brief.render(report()),
        "failed.verbose.txt": terminal.render(report(failed()), verbose=True),
    }
