"""The callbacks with the frameworks themselves: a small training, whose log is diagnosed when it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from loglens.integrations.verdict import REPORT

os.environ.setdefault("KERAS_BACKEND", "torch")
#: What the frameworks warn of is theirs.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def verdicts(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("loglens: ")]


def line(torch: Any, n: int = 256) -> Any:
    """Points of a line with noise, for a linear model."""
    x = torch.randn(n, 4, generator=torch.Generator().manual_seed(0))
    return x, x @ torch.tensor([[1.0], [2.0], [-1.0], [0.5]]) + 0.1 * torch.randn(n, 1)


def test_hugging_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch: Any = pytest.importorskip("torch", reason="needs torch")
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    pytest.importorskip("accelerate", reason="needs accelerate")
    from loglens.integrations.huggingface import LoglensCallback

    class Model(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, x: Any, labels: Any) -> Any:
            out = self.layer(x)
            return {"loss": torch.nn.functional.mse_loss(out, labels), "logits": out}

    x, y = line(torch)
    data = [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]
    for report_to in ("none", "tensorboard"):
        args = transformers.TrainingArguments(
            output_dir=str(tmp_path / report_to), max_steps=60, logging_steps=1, learning_rate=0.05,
            report_to=report_to, use_cpu=True, save_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        transformers.Trainer(Model(), args, train_dataset=data, callbacks=[LoglensCallback()]).train()
        said = verdicts(capsys)
        assert len(said) == 2 and (": healthy: " in said[0] or ": unclear: " in said[0]), said
        (report,) = (tmp_path / report_to).rglob(REPORT)
        assert bool(list(report.parent.glob("events.*"))) == (report_to == "tensorboard")


def test_lightning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch: Any = pytest.importorskip("torch", reason="needs torch")
    lightning: Any = pytest.importorskip("lightning", reason="needs lightning")
    from lightning.pytorch.loggers import CSVLogger

    from loglens.integrations.lightning import LoglensCallback

    class Model(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self, fail_at: int = -1) -> None:
            super().__init__()
            self.layer, self.fail_at = torch.nn.Linear(4, 1), fail_at

        def training_step(self, batch: Any) -> Any:
            if self.global_step == self.fail_at:
                raise RuntimeError("out of memory")
            loss = torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.05)

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*line(torch)), batch_size=16)

    def fit(name: str, model: Model) -> Path:
        logger = CSVLogger(tmp_path, name)
        trainer = lightning.Trainer(
            max_epochs=5, logger=logger, log_every_n_steps=1, callbacks=[LoglensCallback()], accelerator="cpu",
            enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(model, loader)
        return Path(logger.log_dir)

    folder = fit("well", Model())
    said = verdicts(capsys)
    assert len(said) == 2 and ": healthy: " in said[0] and (folder / REPORT).exists()
    with pytest.raises(RuntimeError, match="out of memory"):
        fit("failed", Model(fail_at=40))
    assert len(verdicts(capsys)) == 2 and list((tmp_path / "failed").rglob(REPORT))


def write(file: Path, epoch: int, logs: Any) -> None:
    """A row of a CSV."""
    head = "" if epoch else ",".join(["epoch", *logs]) + "\n"
    with file.open("a" if epoch else "w") as stream:
        stream.write(head + ",".join(map(str, [epoch, *map(float, logs.values())])) + "\n")


def test_keras(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch: Any = pytest.importorskip("torch", reason="needs torch, which Keras computes with here")
    keras = pytest.importorskip("keras", reason="needs keras")
    from loglens.integrations.keras import LoglensCallback

    x, y = (part.numpy() for part in line(torch))
    for log in (tmp_path / "log.csv", None):
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.SGD(0.02), loss="mse")
        # its own CSVLogger fails with torch, and its TensorBoard needs TensorFlow
        writer = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: write(tmp_path / "log.csv", epoch, logs)
        )
        callbacks = [writer, LoglensCallback(log)]
        model.fit(x, y, epochs=40, verbose=0, validation_split=0.2, callbacks=callbacks)
        said = verdicts(capsys)
        assert len(said) == 2 and ": healthy: " in said[0], said
        (tmp_path / REPORT).unlink()
