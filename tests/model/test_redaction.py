"""Secrets that logs carry are in no report, whatever its format; all the rest is as logged."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import loglens
from loglens.cli import main
from loglens.model.redaction import HIDDEN, redact_params, redact_value, scrub
from tests.readers.wandb_writer import CONFIG, RUN, VERSION, blocks, field, history, item, record

GITHUB = "ghp_" + "a1B2" * 9
HUGGING_FACE = "hf_" + "abcDEF" * 5
SECRETS = ("hunter2", "s3cr3t-value", GITHUB, HUGGING_FACE, "alice", "bob.smith", "0123456789abcdef" * 2 + "01234567")
FORMATS = ("text", "json", "markdown", "html", "sarif", "junit", "github")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "x1"),
        ("wandb/apiKey", "x1"),
        ("env/AWS_SECRET_ACCESS_KEY", "x1"),
        ("db.password", 12345),
        ("hub_token", "abcd"),
        ("token", "abcdef"),
        ("credentials/file/id", "x1"),
        ("username", "alice"),
        ("E-Mail", "x"),
        ("host", "alices-laptop"),
        ("note", GITHUB),
        ("anything", HUGGING_FACE),
        ("k", "AKIA" + "ABCDEFGHIJKLMN22"),
        ("k", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-def"),
        ("k", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
        ("key", "0123456789abcdef" * 2 + "01234567"),
        ("contact", "bob.smith@example.com"),
    ],
)
def test_hidden_whole(name: str, value: Any) -> None:
    assert redact_value(name, value) == HIDDEN


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (f"https://alice:{GITHUB}@github.com/org/x.git", f"https://{HIDDEN}@github.com/org/x.git"),
        ("/home/alice/data/train.json", f"/home/{HIDDEN}/data/train.json"),
        ("/mnt/nfs/home/alice/x", f"/mnt/nfs/home/{HIDDEN}/x"),
        (r"C:\Users\alice\x", rf"C:\Users\{HIDDEN}\x"),
        ("train.py --api-key=hunter2 --lr 0.1", f"train.py --api-key={HIDDEN} --lr 0.1"),
        ("train.py --password hunter2 --user alice", f"train.py --password {HIDDEN} --user {HIDDEN}"),
        ('{"api_key": "hunter 2", "lr": 1}', f'{{"api_key": {HIDDEN}, "lr": 1}}'),
        ("WANDB_API_KEY=hunter2\nlr: 0.1", f"WANDB_API_KEY={HIDDEN}\nlr: 0.1"),
        ("get https://h.com/x?token=hunter2&n=1", f"get https://h.com/x?token={HIDDEN}&n=1"),
        ("Authorization: Bearer abcdefghijkl", f"Authorization: {HIDDEN} {HIDDEN}"),
        ("by bob.smith@example.com, 3 epochs", f"by {HIDDEN}, 3 epochs"),
    ],
)
def test_hidden_in_part(value: str, left: str) -> None:
    assert scrub(value) == left and redact_value("about", value) == left


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", 0.1),
        ("pad_token", "<pad>"),
        ("eos_token", "</s>"),
        ("decoder_start_token", "abcd"),
        ("max_tokens", 512),
        ("token", 17),
        ("tokenizer", "bert-base-uncased"),
        ("use_auth_token", True),
        ("password", None),
        ("hidden_size", 768),
        ("attn/key_dim", 64),
        ("git/commit", "0123456789abcdef" * 2 + "01234567"),
        ("git/remote", "git@github.com:org/x.git"),
        ("metric", "mAP@0.5"),
        ("metric", "Acc@1"),
        ("said", "loss per token: 3.5, tokens: 5"),
        ("model", "sk-resnet50"),
        ("data", "/data/imagenet/train"),
        ("layers", [64, 64]),
    ],
)
def test_shown_as_logged(name: str, value: Any) -> None:
    assert redact_value(name, value) is value if not isinstance(value, list) else redact_value(name, value) == value


def test_arguments_in_a_list() -> None:
    found = redact_params({"args": ["--lr", "0.1", "--api-key", "hunter2", "--user", "alice", f"--hub={HUGGING_FACE}"]})
    assert found == {"args": ["--lr", "0.1", "--api-key", HIDDEN, "--user", HIDDEN, f"--hub={HIDDEN}"]}


@pytest.mark.parametrize(
    "piece", ["a", "sk-", "/home/", "eyJ", "@", "x@a.", "-----BEGIN PRIVATE KEY-----", "token=", "://", "a_", '"', "- "]
)
def test_no_text_takes_long(piece: str) -> None:
    before = time.process_time()
    scrub(piece * (200_000 // len(piece)))
    assert time.process_time() - before < 2


def curve(rise: float) -> str:
    return "step,loss,secretless\n" + "".join(f"{n},{2 / (n + 1) + rise * n},1\n" for n in range(60))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs whose parameters, metadata and lines are full of secrets, below the home of one alice."""
    root = tmp_path / "home" / "alice"
    for name, lr in (("good", 0.1), ("bad", 0.3)):
        (root / name).mkdir(parents=True)
        (root / name / "metrics.csv").write_text(curve(lr - 0.1))
        (root / name / "hparams.yaml").write_text(
            f"lr: {lr}\napi_key: hunter2{lr}\ngit:\n  remote: https://alice:{GITHUB}@github.com/o/x.git\n"
            f"data: /home/alice/data{lr}\nhub_token: s3cr3t-value{lr}\nowner: bob.smith{lr}@example.com\n"
            f"command: train.py --password hunter2 --lr {lr}\n"
        )
    config = {"wandb_key": "hunter2", "key": SECRETS[-1], "user": "alice", "path": "/home/alice/x", "depth": 7}
    items = b"".join(field(1, item(name, json.dumps(value))) for name, value in config.items())
    records = [record(1, VERSION, field(1, field(1, "0.31.0"))), record(2, RUN, field(1, "abc123") + field(4, items))]
    records += [record(n + 3, 2, history({"_step": n, "loss": 1 / (n + 1)}, n)) for n in range(40)]
    records.append(record(99, CONFIG, field(1, item("token", json.dumps(HUGGING_FACE)))))
    (root / "run-abc123.wandb").write_bytes(blocks(records))
    lines = "".join(f"step {n} loss {1 / (n + 1):.4f}\n" for n in range(40))
    place = "https://alice:hunter2@h.com/x?token=s3cr3t-value in /home/alice/x.py"
    said = f"OSError: 401 for {place}, ask bob.smith@example.com"
    (root / "train.log").write_text(f"{lines}Traceback (most recent call last):\n{said}\n")
    monkeypatch.chdir(root)
    return root


def call(*args: str) -> Result:
    return CliRunner().invoke(main, [*args], catch_exceptions=False)


def clean(text: str) -> str:
    """The text, once it is known to hold no secret."""
    assert not [secret for secret in SECRETS if secret in text]
    return text


@pytest.mark.parametrize("format", FORMATS)
def test_no_report_holds_a_secret(folder: Path, format: str) -> None:
    if format == "html":
        pytest.importorskip("jinja2")
    done = call("diagnose", ".", "--format", format, "--fail-on", "never", "-q")
    assert done.exit_code == 0 and "bad" in clean(done.stdout)


def test_a_crash_is_quoted_without_its_secrets(folder: Path) -> None:
    (note,) = (note for run in loglens.diagnose("train.log").runs for note in run.notes if note.kind == "crash")
    assert f"OSError: 401 for https://{HIDDEN}@h.com/x?token={HIDDEN} in /home/{HIDDEN}/x.py" in note.message


def test_inspect_hides_values_and_keeps_names(folder: Path) -> None:
    document = json.loads(clean(call("inspect", ".", "--format", "json").stdout))
    runs = {run["run"]: run for run in document["runs"]}
    found = runs["bad"]["params"]
    assert found["lr"] == 0.3 and found["api_key"] == HIDDEN and found["data"] == f"/home/{HIDDEN}/data0.3"
    wandb = runs["run-abc123.wandb"]["params"]
    assert wandb["depth"] == 7 and wandb["wandb_key"] == wandb["key"] == wandb["user"] == wandb["token"] == HIDDEN
    clean(call("inspect", ".", "-v").stdout)


def test_show_params_lists_all_that_is_shown(folder: Path) -> None:
    lines = [line.split() for line in clean(call("inspect", "bad", "--show-params").stdout).splitlines()]
    assert ["lr", "0.3"] in lines and ["api_key", HIDDEN] in lines and ["data", f"/home/{HIDDEN}/data0.3"] in lines
    assert not any("loss" in line for line in lines)
    (folder / "bad" / "hparams.yaml").unlink()
    assert "no parameter was logged" in call("inspect", "bad", "--show-params").stdout


def test_compare_says_that_a_secret_differs_and_not_what_it_is(folder: Path) -> None:
    document = json.loads(clean(call("compare", "good", "bad", "--format", "json").stdout))
    changed = {change["name"]: (change["good"], change["bad"]) for change in document["params"]}
    assert changed["lr"] == ([0.1], 0.3) and changed["api_key"] == changed["hub_token"] == ([HIDDEN], HIDDEN)
    assert "git/remote" not in changed
    text = clean(call("compare", "good", "bad", "-v").stdout)
    assert "api_key" in text and HIDDEN in text


def test_paths_stay_as_they_were_given(folder: Path) -> None:
    """A path is what the user typed; without it a report could not say of what it speaks."""
    document = json.loads(call("diagnose", str(folder / "bad"), "--format", "json", "--fail-on", "never").stdout)
    assert document["runs"][0]["path"] == str(folder / "bad")


def test_in_python_parameters_are_as_logged(folder: Path) -> None:
    (run,) = loglens.read("bad")
    assert run.params["api_key"] == "hunter20.3" and not np.isnan(run.params["lr"])
