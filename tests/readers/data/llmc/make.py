"""Makes the logs in this folder with the code of llm.c that prints and logs.

    git clone https://github.com/karpathy/llm.c
    pip install torch
    python make.py llm.c

`cuda/main.log` is written by llmc/logger.h, compiled as C, and `cuda/stdout.txt` by the print
statements of train_gpt2.cu, cut out of it: its kernels want a GPU, so a small network trained here gives the numbers
and the speeds are made up. That run dies after step 17 and is resumed at step 10 with logger_init(..., resume=1).
`python/` is written by the training loop of train_llama3.py (that of train_gpt2.py is the same), cut out of the
script and run whole on a small network. Made with logger.h at 046d0015, train_gpt2.cu at 5afc5706 and train_llama3.py
at 4255fdd2.
"""

# mypy: ignore-errors
from __future__ import annotations

import ast
import contextlib
import copy
import math
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import torch

HERE, SOURCE = Path(__file__).parent, Path(sys.argv[1]).resolve()
DRIVER = """
#include <math.h>
#include "llmc/logger.h"
#define printf0 printf
int main(int argc, char **argv) {
    Logger logger;
    logger_init(&logger, argv[1], 0, argv[2][0] == '1');
    struct { float mean_loss; } model;
    struct { int num_examples; } eval_loader = {10042};
    int step, train_num_batches = 20;
    float val_loss, eval_acc_norm, step_learning_rate, grad_norm, zloss = NAN, zgrad = NAN;
    float time_elapsed_ms = 812.5f, mfu = 0.451f, bias_corrected_ema_tokens_per_second = 645123.4f;
    double total_sum_iteration_time_s = 15.4375;
    char kind;
    while (scanf(" %c %d", &kind, &step) == 2) {
        if (kind == 'v' && scanf("%f", &val_loss) == 1) { @VAL@ }
        if (kind == 'e' && scanf("%f", &eval_acc_norm) == 1) { @EVAL@ }
        if (kind == 't' && scanf("%f %f %f", &model.mean_loss, &step_learning_rate, &grad_norm) == 3) { @TRAIN@ }
        if (kind == 'x') { @END@ }
    }
}
"""


def driver(folder: Path) -> Path:
    """A program that prints and logs with the statements of train_gpt2.cu what it is told."""
    text = (SOURCE / "train_gpt2.cu").read_text()
    statements = {
        "VAL": ('printf0("val loss', "logger_log_val("),
        "EVAL": ('printf0("HellaSwag', "logger_log_eval("),
        "TRAIN": ('printf0("step %4d', "logger_log_train("),
        "END": ('printf0("total average', ""),
    }
    code = DRIVER
    for name, starts in statements.items():
        found = [re.search(re.escape(start) + r".*?\);\n", text, re.S)[0] for start in starts if start]
        code = code.replace(f"@{name}@", "".join(found))
    (folder / "driver.c").write_text(code)
    subprocess.run(["cc", "-I", SOURCE, "-o", folder / "driver", folder / "driver.c", "-lm"], check=True)
    return folder / "driver"


class Model(torch.nn.Module):
    """A small network called as llm.c calls its own."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(16, 16)

    def forward(self, x: torch.Tensor, y: torch.Tensor, **_: bool) -> tuple[None, torch.Tensor]:
        return None, torch.nn.functional.cross_entropy(self.table(x), y)


class Loader:
    """Batches that begin again with reset()."""

    def __init__(self, seed: int) -> None:
        odds = torch.softmax(3 * torch.randn(16, 16, generator=torch.Generator().manual_seed(0)), 1)
        maker = torch.Generator().manual_seed(seed)
        self.batches = []
        for _ in range(40):
            x = torch.randint(16, (64,), generator=maker)
            self.batches.append((x, torch.multinomial(odds[x], 1, generator=maker)[:, 0]))
        self.reset()

    def reset(self) -> None:
        self.at = -1

    def next_batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        self.at = (self.at + 1) % len(self.batches)
        return self.batches[self.at]


def get_lr(step: int) -> float:
    return 0.3 * min(1, (step + 1) / 5) * (1 + math.cos(math.pi * step / 20)) / 2


def cuda() -> None:
    torch.manual_seed(0)
    model, train, val = Model(), Loader(1), Loader(2)
    kept = None
    (HERE / "cuda").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, (HERE / "cuda" / "stdout.txt").open("wb") as out:
        program = driver(Path(name))
        for first, last in ((0, 17), (10, 20)):
            if first:
                model.load_state_dict(kept)
            told = []
            for step in range(first, last + 1):
                if step % 5 == 0:
                    with torch.no_grad():
                        loss = sum(model(*batch)[1].item() for batch in val.batches[:5]) / 5
                    told.append(f"v {step} {loss}")
                if step and step % 10 == 0:
                    told.append(f"e {step} {round(2500 + 40 * step)}")
                if step == 10:
                    kept = copy.deepcopy(model.state_dict())
                if step == 20:
                    told.append(f"x {step}")
                    break
                loss = model(*train.next_batch())[1]
                model.zero_grad()
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                for parameter in model.parameters():
                    parameter.data -= 30 * get_lr(step) * parameter.grad
                told.append(f"t {step} {math.nan if step == 16 else loss.item()} {get_lr(step)} {norm.item()}")
            subprocess.run(
                [program, HERE / "cuda", str(int(first > 0))], input="\n".join(told).encode(), stdout=out, check=True
            )


def python() -> None:
    torch.manual_seed(0)
    folder = HERE / "python"
    folder.mkdir(exist_ok=True)
    (folder / "main.log").write_text("")
    model = Model()
    script = ast.parse((SOURCE / "train_llama3.py").read_text())
    loops = [node for node in ast.walk(script) if isinstance(node, ast.For) and ast.unparse(node.target) == "step"]
    loop = max(loops, key=lambda node: len(ast.dump(node)))
    settings = SimpleNamespace(
        num_iterations=20, val_loss_every=5, val_max_steps=5, sample_every=0, overfit_single_batch=0,
        inference_only=0, grad_clip=1.0,
    )  # fmt: skip
    names = {
        "args": settings, "model": model, "train_loader": Loader(1), "val_loader": Loader(2), "device": "cpu",
        "logfile": folder / "main.log", "master_process": True, "grad_accum_steps": 1, "ddp": False, "torch": torch,
        "ddp_world_size": 1, "ctx": contextlib.nullcontext(), "get_lr": get_lr, "B": 1, "T": 64, "timings": [],
        "time": time, "print0": print, "optimizer": torch.optim.Adam(model.parameters()), "norm": -1.0,
    }  # fmt: skip
    with (folder / "stdout.txt").open("w") as out, contextlib.redirect_stdout(out):
        exec(compile(ast.Module([loop], []), "train_llama3.py", "exec"), names)  # noqa: S102 - the program itself


if __name__ == "__main__":
    cuda()
    python()
