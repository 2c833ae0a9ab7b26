"""Makes the log in this folder with nanoGPT's own train.py and model.py, on the CPU.

    git clone https://github.com/karpathy/nanoGPT
    pip install torch numpy
    python make.py nanoGPT

Three launches append to one file, as with `>>`. The first ends by itself. The second goes on from the checkpoint at
iteration 20 and is killed. The third goes on from the last checkpoint, with a learning rate that makes the loss NaN.

Made with train.py at e2221318 and model.py at 0011cd44, commits of forks, without what the fork adds to the model.
"""

# mypy: ignore-errors
from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

HERE, SOURCE = Path(__file__).parent, Path(sys.argv[1]).resolve()
SETTINGS = """wandb_log=False dataset=toy gradient_accumulation_steps=2 batch_size=8 block_size=16 n_layer=2 n_head=2
    n_embd=16 eval_interval=20 eval_iters=5 device=cpu dtype=float32 compile=False decay_lr=False""".split()


def launch(folder: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-u", "-W", "ignore", SOURCE / "train.py", *(f"--{each}" for each in (*SETTINGS, *more))]
    return subprocess.Popen(command, cwd=folder, stdout=(HERE / "train.log").open("ab"), stderr=subprocess.STDOUT)


def main() -> None:
    (HERE / "train.log").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "configurator.py").write_text((SOURCE / "configurator.py").read_text())
        (folder / "data" / "toy").mkdir(parents=True)
        rng = np.random.default_rng(0)
        odds = rng.dirichlet(np.full(16, 0.2), 16)
        for split, count in (("train", 20_000), ("val", 4000)):
            symbols = [0]
            for _ in range(count - 1):
                symbols.append(rng.choice(16, p=odds[symbols[-1]]))
            np.array(symbols, np.uint16).tofile(folder / "data" / "toy" / f"{split}.bin")
        (folder / "data" / "toy" / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": 16}))

        launch(folder, "max_iters=27", "learning_rate=0.02").wait()
        second = launch(folder, "max_iters=100000", "learning_rate=0.02", "init_from=resume", "log_interval=2")
        while b"\niter 70:" not in (HERE / "train.log").read_bytes():
            time.sleep(0.001)
        second.kill()
        second.wait()
        kept = torch.load(folder / "out" / "ckpt.pt", weights_only=False)["iter_num"]
        launch(folder, f"max_iters={kept + 30}", "learning_rate=1e30", "init_from=resume", "log_interval=5").wait()


if __name__ == "__main__":
    main()
