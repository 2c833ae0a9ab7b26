"""A callback of the Hugging Face Trainer: `Trainer(..., callbacks=[LoglensCallback()])`.

on_train_end: https://huggingface.co/docs/transformers/main_classes/callback#transformers.TrainerCallback.on_train_end
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from loglens.integrations.verdict import active_wandb, verdict


class LoglensCallback(TrainerCallback):
    """Diagnose the run when its training ends, print the verdict, and write the report beside the log.

    log_dir: the folder that the run logs to; without it the newest folder of event files below the output folder, and
    where there is none, the Trainer's own history. options: as for `loglens.diagnose`.
    """

    def __init__(self, log_dir: str | Path | None = None, **options: Any) -> None:
        self.log_dir, self.options = log_dir, options

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the hook's own
        """Called by the Trainer; only the main process diagnoses."""
        if state.is_world_process_zero:
            events = sorted(Path(args.output_dir).rglob("events.out.tfevents.*"), key=lambda file: file.stat().st_mtime)
            folder = self.log_dir or (events[-1].parent if events else None)
            verdict(folder or state.log_history, folder or args.output_dir, active_wandb(), **self.options)
