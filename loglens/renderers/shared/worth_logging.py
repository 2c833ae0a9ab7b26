"""The curves that a run did not log and that would let most rules judge it."""

from __future__ import annotations

from typing import NamedTuple

from loglens.model.report import Diagnosis

#: How many curves are named.
FEW = 3


class _Wanted(NamedTuple):
    """A curve worth logging: any of these roles has it; what it is called, and a tag to log it under."""

    roles: tuple[str, ...]
    split: str | None
    name: str
    tag: str


#: By kind of training, the most useful first: the roles that most rules ask for.
_SUPERVISED = (
    _Wanted(("loss",), None, "training loss", "train/loss"),
    _Wanted(("loss",), "val", "validation loss", "val/loss"),
    _Wanted(("grad_norm_global", "grad_norm_layer"), None, "gradient norm", "grad_norm"),
    _Wanted(("lr",), None, "learning rate", "lr"),
    _Wanted(("metric_higher", "metric_lower"), "val", "validation metric", "val/accuracy"),
    _Wanted(("weight_norm_global",), None, "weight norm", "weight_norm"),
)
_REINFORCEMENT = (
    _Wanted(("rl_reward", "rl_return"), None, "episode reward", "rollout/ep_rew_mean"),
    _Wanted(("rl_entropy", "rl_entropy_loss", "rl_action_std"), None, "policy entropy", "train/entropy"),
    _Wanted(("rl_kl",), None, "KL divergence", "train/approx_kl"),
    _Wanted(("rl_value_loss",), None, "value loss", "train/value_loss"),
    _Wanted(("grad_norm_global",), None, "gradient norm", "train/grad_norm"),
)
_ADVERSARIAL = (
    _Wanted(("gan_d_loss",), None, "discriminator loss", "loss/d"),
    _Wanted(("gan_g_loss",), None, "generator loss", "loss/g"),
    _Wanted(("gan_score_real",), None, "discriminator's score of real samples", "scores/real"),
    _Wanted(("gan_score_fake",), None, "discriminator's score of generated samples", "scores/fake"),
)

#: How a value is logged, by the format of the log.
_CALLS = {
    "csv": 'a column named "{tag}"',
    "huggingface": 'trainer.log({{"{tag}": value}})',
    "jsonl": 'json.dumps({{"step": step, "{tag}": value}})',
    "mlflow": 'mlflow.log_metric("{tag}", value, step=step)',
    "neptune": 'run["{tag}"].append(value, step=step)',
    "swanlab": 'swanlab.log({{"{tag}": value}}, step=step)',
    "tensorboard": 'writer.add_scalar("{tag}", value, step)',
    "text": 'print(f"step {{step}} {tag} {{value:.5g}}")',
    "trackio": 'trackio.log({{"{tag}": value}}, step=step)',
    "wandb": 'run.log({{"{tag}": value}}, step=step)',
}


def how_to_log(format: str, tag: str) -> str:
    """The code that logs a value in a format; "" for a format that is not written by hand."""
    return _CALLS.get(format, "").format(tag=tag)


def worth_logging(run: Diagnosis) -> list[tuple[str, str]]:
    """The first curves that the run lacks, each as its name and a tag to log it under.

    Empty for a run without any curve that was recognised: there, names are the trouble and not curves.
    """
    roles = {(part.role or "", "val" if part.split in ("val", "test") else None) for part in run.curve_roles}
    names = {role for role, _ in roles}
    if not names:
        return []
    wanted: tuple[_Wanted, ...] = _SUPERVISED
    if any(name.startswith("rl_") for name in names):
        wanted = _REINFORCEMENT
    elif any(name.startswith("gan_") for name in names):
        wanted = _ADVERSARIAL
    lacking = [one for one in wanted if not any((role, one.split) in roles for role in one.roles)]
    return [(one.name, one.tag) for one in lacking[:FEW]]
