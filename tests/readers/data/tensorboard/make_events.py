"""Writes the event files of this folder with the real writers: torch, tensorboardX, TensorFlow, Keras.

Run in an environment that has them: `python make_events.py`. File names get a neutral host name.
"""

# mypy: ignore-errors
from __future__ import annotations

import shutil
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
NAN, INF = float("nan"), float("inf")


def torch_events() -> None:
    import numpy as np
    import torch
    from torch.utils.tensorboard import SummaryWriter

    torch.manual_seed(0)
    with SummaryWriter(str(HERE / "torch")) as writer:
        for step in range(300):
            writer.add_scalar("train/loss", 2.0 / (1 + step), step)
            writer.add_scalar("train/grad_norm", NAN if step == 250 else INF if step == 251 else 0.5 + step, step)
            writer.add_scalar("lr", 1e-3 * 0.99**step, step, new_style=True, double_precision=True)
            writer.add_scalar("new/style", step / 7, step, new_style=True)
        writer.add_scalar("negative", 1.5, -3)
        writer.add_scalar("huge", -2.5, 2**62 + 11)
        weights = np.random.default_rng(0).normal(size=500)
        writer.add_histogram("weights", weights, 1)
        weights[:7] = NAN
        writer.add_histogram("weights", weights, 2)
        writer.add_text("notes", "learning rate was halved", 0)
        writer.add_text("args", '{"learning_rate": 0.001, "fp16": true, "optim": {"name": "adamw"}}', 0)
        writer.add_image("picture", np.zeros((3, 8, 8)), 0)
        writer.add_scalars("Loss", {"train": 1.0, "val": 2.0}, 5)
        writer.add_scalars("Loss", {"train": 0.5, "val": 1.5}, 6)
        writer.add_hparams({"lr": 0.1, "cell": "lstm", "bn": True}, {"hparam/acc": 0.9}, run_name="1700000000.25")
    # a run that was resumed at step 20 with the earlier steps from there on to be purged
    for first, last, purge in ((0, 30, None), (20, 40, 20)):
        with SummaryWriter(str(HERE / "torch_resumed"), purge_step=purge, filename_suffix=f".{first}") as writer:
            for step in range(first, last):
                writer.add_scalar("loss", 100.0 * first + step, step)


def tensorboardx_events() -> None:
    import numpy as np
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(HERE / "tensorboardx")) as writer:
        for step in range(50):
            writer.add_scalar("a tag with blanks", 1.0 / (step + 1), step)
        writer.add_histogram("weights", np.arange(10.0), 3)
        writer.add_scalars("Loss/all", {"train": 1.0, "val": 2.0}, 5)
        writer.add_scalar("no_step", 4.0)


def tensorflow_events() -> None:
    import numpy as np
    import tensorflow as tf

    tf.random.set_seed(0)
    with tf.summary.create_file_writer(str(HERE / "tf2")).as_default():
        for step in range(40):
            tf.summary.scalar("loss", 1.0 / (step + 1), step=step)
        tf.summary.histogram("kernel", np.arange(100.0), step=7, buckets=10)
        tf.summary.histogram("kernel", np.full(5, 2.0), step=8, buckets=4)
        tf.summary.text("remark", "all well", step=0)
        tf.summary.image("picture", np.zeros((1, 4, 4, 3)), step=0)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        writer = tf.compat.v1.summary.FileWriter(str(HERE / "tf1"), graph=tf.constant(1.0).graph)
        value = tf.compat.v1.placeholder(tf.float32, [3])
        merged = tf.compat.v1.summary.merge(
            [
                tf.compat.v1.summary.scalar("first", value[0]),
                tf.compat.v1.summary.scalar("second", value[1]),
                tf.compat.v1.summary.histogram("both", value[:2]),
            ]
        )
        for step in range(20):
            writer.add_summary(session.run(merged, {value: [step, 2 * step, NAN if step == 9 else 1.0]}), step)
        writer.close()


def keras_events() -> None:
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    data = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    board = keras.callbacks.TensorBoard(str(HERE / "keras"), histogram_freq=1, write_graph=False)
    target = data.sum(axis=1, keepdims=True)
    model.fit(data, target, validation_split=0.25, epochs=3, callbacks=[board], verbose=0)


if __name__ == "__main__":
    for folder in HERE.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    with mock.patch("socket.gethostname", return_value="host"):
        torch_events()
        tensorboardx_events()
    tensorflow_events()
    keras_events()
    for path in HERE.rglob("*tfevents*"):  # TensorFlow's writer asks the system for the name
        parts = path.name.split(".")
        path.rename(path.with_name(".".join([*parts[:4], "host", *parts[5:]])))
