"""A callback of Keras: `model.fit(..., callbacks=[keras.callbacks.TensorBoard("logs"), LoglensCallback("logs")])`.

on_train_end: https://keras.io/api/callbacks/base_callback/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from loglens.integrations.verdict import active_wandb, verdict


class LoglensCallback(keras.callbacks.Callback):
    """Diagnose the run when its training ends, print the verdict, and write the report beside the log.

    log_dir: the folder that the run logs to, or its file; place this callback after the one that writes there.
    Without it the history of `fit` is diagnosed, and the report is written to the working folder. options: as for
    `loglens.diagnose`.
    """

    def __init__(self, log_dir: str | Path | None = None, **options: Any) -> None:
        super().__init__()
        self.log_dir, self.options = log_dir, options

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002 - the hook's own
        """Called by Keras."""
        place = Path(self.log_dir or ".")
        folder = place if place.is_dir() else place.parent
        verdict(self.log_dir or self.model.history.history, folder, active_wandb(), **self.options)
