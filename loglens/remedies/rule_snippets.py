"""Code for a rule and an action, where the code of the action alone would be about something else.

Names in the code are those of `snippets`. A framework without an entry takes PyTorch's; jax.numpy, keras.ops and
torch have the functions that are used under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc

from loglens.remedies.snippets import FRAMEWORKS

_KEEP_NUMBERS = {
    "pytorch": """
        total += loss.item()  # total += loss keeps every graph
        outputs.append(output.detach().cpu())  # what has to be kept""",
    "keras": "total += float(loss)  # not the tensor",
    "jax": "total += float(loss)  # total += loss queues up in memory",
}
_IN_RANGE = {"pytorch": "assert labels.min() >= 0 and labels.max() < num_classes"}

CODES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("gpu-memory-growth", "fix_input_pipeline"): _KEEP_NUMBERS,
    ("crashed", "fix_input_pipeline"): _KEEP_NUMBERS,
    ("step-time-outliers", "fix_input_pipeline"): {
        "pytorch": """
            state = copy.deepcopy(model.state_dict())
            threading.Thread(target=torch.save, args=(state, path)).start()""",
        "keras": "save = keras.callbacks.ModelCheckpoint(path, save_freq=10_000)",
        "lightning": "trainer = L.Trainer(val_check_interval=10_000)",
        "huggingface": "args = TrainingArguments(out_dir, save_steps=10_000, eval_steps=10_000)",
        "jax": "manager.save(step, args=ocp.args.StandardSave(state))  # asynchronous",
    },
    ("validation-below-training", "clean_data"): {"pytorch": "assert not set(train_ids) & set(val_ids)"},
    ("reward-not-rising", "check_labels"): {
        "pytorch": """
            loss = -(log_prob * advantage.detach()).mean()  # with a minus
            assert log_prob.requires_grad and advantage.std() > 0""",
        "keras": "loss = -keras.ops.mean(log_prob * keras.ops.stop_gradient(advantage))",
        "jax": "loss = -(log_prob * jax.lax.stop_gradient(advantage)).mean()",
    },
    ("zero-loss", "check_labels"): {"pytorch": "assert (labels != -100).any()  # the ignore_index"},
    ("metric-stuck", "check_labels"): {"pytorch": "print(predictions[:20], labels[:20])  # same classes, same order?"},
    ("truncated-completions", "check_labels"): {
        "pytorch": "print(tokenizer.eos_token_id, model.generation_config.eos_token_id)",
        "huggingface": "args = GRPOConfig(out_dir, max_completion_length=2 * limit)",
    },
    ("crashed", "check_labels"): _IN_RANGE,
    ("unbounded-loss", "check_labels"): _IN_RANGE,
    ("truncated-completions", "scale_reward"): {
        "pytorch": "reward = torch.where(truncated, {factor:g} * reward, reward)",
        "keras": "reward = keras.ops.where(truncated, {factor:g} * reward, reward)",
        "huggingface": "args = GRPOConfig(out_dir, mask_truncated_completions=True)",
        "jax": "reward = jnp.where(truncated, {factor:g} * reward, reward)",
    },
}


def codes(rule: str, action: str, **numbers: float | str) -> dict[str, str]:
    """The code for a rule and an action in every framework; empty where the action's own code fits."""
    row = CODES.get((rule, action), {})
    return {name: cleandoc(row.get(name, row["pytorch"])).format_map(numbers) for name in FRAMEWORKS if row}
