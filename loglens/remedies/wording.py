"""What a remedy is called, and why it helps, where a rule needs other words than the action alone.

A key is a rule and an action. `{...}` in a title are the remedy's parameters. Pairs that are not in the tables are
called as `phrases` calls the action, and keep the reason that comes with it.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Titles of (rule, action).
TITLES: Mapping[tuple[str, str], str] = {
    ("nan-loss", "disable_fp16"): "train in float32, if this run computed in half precision",
    ("gpu-memory-growth", "fix_input_pipeline"): "keep no tensors from one step to the next",
    ("crashed", "fix_input_pipeline"): "free memory: smaller batches, and no tensors kept from step to step",
    ("throughput-degradation", "fix_input_pipeline"): "find what makes each step slower than the last",
    ("data-loader-bound", "fix_input_pipeline"): "load and augment data in parallel worker processes",
    ("step-time-outliers", "fix_input_pipeline"): "move checkpoints and evaluation off the training step",
    ("loss-spike", "clean_data"): "look at the batches just before the spike",
    ("loss-spike", "skip_nonfinite_batches"): "skip updates whose gradient is not finite",
    ("validation-below-training", "clean_data"): "check that no example is in both the training and the validation set",
    ("non-finite-metric", "clean_data"): "look for empty, constant or broken samples in the evaluation data",
    ("non-finite-metric", "skip_nonfinite_batches"): "skip samples whose metric is not finite, and log which they are",
    ("reward-not-rising", "check_labels"): "check that the reward reaches the update, with the right sign",
    ("unbounded-loss", "check_labels"): "check that the labels are what the loss expects",
    ("zero-loss", "check_labels"): "check that not every label is masked",
    ("metric-stuck", "check_labels"): "check that predictions and labels use the same classes in the same order",
    ("truncated-completions", "check_labels"): "check that completions can end: the length limit and the end token",
    ("crashed", "check_labels"): "check that every label is a class the model has",
    ("plateau", "check_optimizer_step"): "check that the optimizer still updates every layer",
    ("vanishing-gradient", "check_optimizer_step"): "check that the loss is connected to the weights",
    ("lr-schedule", "check_optimizer_step"): "call scheduler.step() once after each optimizer.step()",
    ("update-ratio", "check_optimizer_step"): "check that the optimizer steps, and on these weights",
    ("poor-initial-loss", "change_init"): "start the output layer small: {to} weights, zero bias",
    ("gan-collapse", "add_normalization"): "add {to} to the discriminator's layers",
    ("logit-growth", "add_normalization"): "normalise the inputs of the logits ({to})",
    ("saturated-activations", "add_normalization"): "add {to} before the saturated activations",
    ("reward-collapse", "early_stop"): "keep the checkpoint from before step {step}, and save by reward",
    ("overfitting", "early_stop"): "stop at step {step} and keep that checkpoint",
    ("plateau", "train_longer"): "stretch the learning rate schedule {factor}-fold",
    ("truncated-completions", "scale_reward"): "multiply the reward of truncated completions by {factor}",
    ("zero-reward-spread", "set_temperature"): "sample completions at temperature {value}",
}

#: Titles of what to do about a learning rate schedule, by kind.
SCHEDULES: Mapping[str, str] = {
    "hold": "hold the learning rate at the level where training went well",
    "no_jump": "remove the jump in the learning rate",
    "longer_warmup": "make the warmup longer",
    "later_decay": "stretch the decay of the learning rate over the whole run",
}

#: Reasons of (rule, action).
REASONS: Mapping[tuple[str, str], str] = {
    ("nan-loss", "add_eps"): (
        "a log(0), a square root of 0 or a 0/0 in the loss or its gradient gives NaN whatever the weights are"
    ),
    ("throughput-degradation", "fix_input_pipeline"): (
        "a step that keeps getting slower works on something that grows: a list, a cache, a graph that is never freed"
    ),
    ("data-loader-bound", "fix_input_pipeline"): (
        "the accelerator waits for each batch; workers prepare the next batches while it computes this one"
    ),
    ("step-time-outliers", "fix_input_pipeline"): (
        "single slow steps come from writing checkpoints, evaluating, or opening the next data file"
    ),
    ("crashed", "fix_input_pipeline"): (
        "the run ended out of memory; most often the batch is too large, or a loss is added up as a tensor and keeps "
        "its whole graph"
    ),
    ("loss-spike", "clean_data"): "a spike at a single step most often comes from a few bad or unusual examples",
    ("validation-below-training", "clean_data"): (
        "examples in both sets make validation look better than it is; if there are none, dropout or augmentation "
        "raise the training loss, which is harmless"
    ),
    ("non-finite-metric", "clean_data"): (
        "a single sample that is empty or constant can make a metric divide by zero, and a mean over all samples NaN"
    ),
    ("non-finite-metric", "skip_nonfinite_batches"): (
        "a single sample without a finite value makes the mean over all of them NaN"
    ),
    ("reward-not-rising", "check_labels"): (
        "a policy that never receives its reward cannot learn: look at the sign of the advantage, at detach() and "
        "no_grad(), and at whether a random policy is ever rewarded"
    ),
    ("unbounded-loss", "check_labels"): (
        "a classification loss below zero means labels that are not probabilities: raw values, prices, indices where "
        "0 to 1 is expected"
    ),
    ("zero-loss", "check_labels"): (
        "a loss averaged over no labels at all is 0: look at ignore_index (-100), the collator and the prompt mask"
    ),
    ("metric-stuck", "check_labels"): (
        "a metric that never moves while the loss does compares the wrong things: another class order, paths, "
        "tokenizer or threshold"
    ),
    ("truncated-completions", "check_labels"): (
        "nearly all are cut off and none is rewarded, so that nothing shows the policy how to end: raise the limit "
        "above the length of a good answer, and see that the end token is among the stop tokens"
    ),
    (
        "plateau",
        "train_longer",
    ): "the rate is close to zero too early; a schedule for more steps keeps it up for longer",
    ("crashed", "check_labels"): "a label outside 0 to the number of classes - 1 triggers a device-side assertion",
    ("lr-schedule", "check_optimizer_step"): (
        "a rate that ends too soon, or does not move, is most often that of a scheduler stepped at the wrong place: "
        "once an epoch instead of once an update, or the other way round"
    ),
    ("vanishing-gradient", "check_optimizer_step"): (
        "a gradient of exactly zero is cut off, not small: a detach(), a constant loss or advantage, or a frozen layer"
    ),
    ("poor-initial-loss", "change_init"): (
        "a start far above the level of guessing means large initial logits; the first steps only shrink them"
    ),
    ("logit-growth", "add_normalization"): (
        "logits grow with the norms of the vectors they are computed from; normalised vectors bound them"
    ),
    ("truncated-completions", "scale_reward"): (
        "completions that hit the length limit should be worth less than ones that end on their own"
    ),
}
