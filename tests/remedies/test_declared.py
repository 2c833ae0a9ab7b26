"""What parameters say of the learning rate, and of pretrained weights."""

from __future__ import annotations

import pytest

from loglens.remedies.declared import declared_rate, is_pretrained


@pytest.mark.parametrize("key", ["learning_rate", "lr", "LR", "base_lr", "lr0", "optimizer.lr"])
def test_a_rate_is_found_by_its_usual_names(key: str) -> None:
    assert declared_rate({"batch_size": 32, key: 3e-4}) == 3e-4


@pytest.mark.parametrize("params", [{}, {"lr": "cosine"}, {"lr": 0}, {"lr_decay": 0.1}, {"lr": 1e6}])
def test_what_is_no_rate_is_none(params: dict[str, object]) -> None:
    assert declared_rate(params) is None


@pytest.mark.parametrize(
    "params",
    [
        {"model_name_or_path": "bert-base"},
        {"pretrained": True},
        {"lora_r": 8},
        {"init_from": "gpt2"},
        {"finetune": "yes"},
        {"resume_from_checkpoint": "out/step_100"},
    ],
)
def test_weights_that_were_trained_before(params: dict[str, object]) -> None:
    assert is_pretrained(params)


@pytest.mark.parametrize(
    "params",
    [{}, {"pretrained": False}, {"init_from": "scratch"}, {"resume": None}, {"lora_r": 0}, {"model": "resnet"}],
)
def test_training_from_scratch(params: dict[str, object]) -> None:
    assert not is_pretrained(params)
