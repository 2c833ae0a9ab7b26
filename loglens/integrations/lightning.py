"""A callback of Lightning: `Trainer(..., callbacks=[LoglensCallback()])`.

on_fit_end, on_exception: https://lightning.ai/docs/pytorch/stable/api/lightning.pytorch.callbacks.Callback.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback

from loglens.integrations.verdict import verdict


class LoglensCallback(Callback):
    """Diagnose the run when its fit ends or fails, print the verdict, and write the report beside the log.

    log_dir: the folder that the run logs to; without it that of the Trainer's first logger. options: as for
    `loglens.diagnose`.
    """

    def __init__(self, log_dir: str | Path | None = None, **options: Any) -> None:
        self.log_dir, self.options = log_dir, options

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 - the hook's own
        """Called by the Trainer; the loggers write what they hold, and the main process diagnoses."""
        folder = self.log_dir or trainer.log_dir  # asked for on all processes, or it would wait for them
        for logger in trainer.loggers:
            logger.save()
        if trainer.is_global_zero and folder is not None:
            verdict(folder, folder, trainer.loggers, **self.options)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002 - likewise
        """Called where the fit fails; other processes may be gone, so that only one process is waited for."""
        if trainer.world_size == 1:
            self.on_fit_end(trainer, pl_module)
