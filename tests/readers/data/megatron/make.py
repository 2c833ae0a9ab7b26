"""Makes the log in this folder with the functions of Megatron-LM that print it, and its own timers.

    git clone https://github.com/NVIDIA/Megatron-LM  # at 001b00c2734d8f0fad096fe48a382fedf755d321, early 2026
    pip install megatron-core==0.16.1 torch
    python make.py Megatron-LM > train.log

`training_log` and `evaluate_and_print_results` are cut out of megatron/training/training.py, without their branches for
TensorBoard and mixtures of experts, and run as they stand but for tensors on the CPU: the rest wants GPUs. A small
network stands for the model and a few functions for its process groups; the floating-point operations are made up.
The loop does what `train` does: it skips a step whose gradient overflows, halves the loss scale then, dies after
iteration 50 and is resumed from its checkpoint at 40. One interval is skipped as a whole, in another a NaN is not.
"""

# mypy: ignore-errors
from __future__ import annotations

import ast
import copy
import math
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import torch
from megatron.core.timers import Timers

LAST, BATCH = 80, 32
ARGS = SimpleNamespace(
    micro_batch_size=4, data_parallel_size=1, world_size=1, seq_length=8, train_iters=LAST, log_interval=5,
    timing_log_level=0, tensorboard_log_interval=1, num_experts=None, mtp_num_layers=None, dsa_indexer_loss_coeff=None,
    record_memory_history=False, log_throughput=True, log_timers_to_tensorboard=False, log_energy=False,
    rl_use_sequence_packing=False, skipped_train_samples=0, log_memory_interval=None, multiple_validation_sets=False,
    full_validation=False, eval_iters=2, consumed_train_samples=0,
)  # fmt: skip


def functions(evaluate: object) -> tuple:
    """The two functions of Megatron, in a world without GPUs and process groups."""
    text = (Path(sys.argv[1]) / "megatron" / "training" / "training.py").read_text().replace("'cuda'", "'cpu'")
    wanted = {"training_log", "evaluate_and_print_results"}
    found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    timers = Timers(0, "minmax")
    quiet = SimpleNamespace(track_app_tag=lambda *_: None, track_e2e_metrics=lambda *_: None)
    world = {
        "torch": torch, "math": math, "datetime": datetime, "has_rl_utils": False, "evaluate": evaluate,
        "one_logger_utils": quiet, "get_args": lambda: ARGS, "get_timers": lambda: timers,
        "get_num_microbatches": lambda: BATCH // 4, "reduce_max_stat_across_model_parallel_group": lambda value: value,
        "num_floating_point_operations": lambda *_: 5e10, "print_rank_last": lambda line: sys.stdout.write(f"{line}\n"),
    }  # fmt: skip
    world |= dict.fromkeys(
        ("get_tensorboard_writer", "get_wandb_writer", "get_one_logger", "get_energy_monitor"), lambda: None
    )
    exec(compile(ast.Module(found, []), "training.py", "exec"), world)  # noqa: S102 - the program itself
    return world["training_log"], world["evaluate_and_print_results"], timers


def main() -> None:
    torch.cuda.synchronize, torch.cuda.current_device = lambda: None, lambda: "cpu"
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    torch.manual_seed(0)
    x = torch.randn(LAST + 1, BATCH, 8)
    y = (x @ torch.randn(8, 16) + torch.randn(LAST + 1, BATCH, 16)).argmax(-1)
    model, kept, scale = torch.nn.Linear(8, 16), None, 65536.0

    def loss_at(at: int) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(x[at]), y[at])

    def evaluate(*_: object, **__: object) -> tuple:
        with torch.no_grad():
            return {"lm loss": loss_at(0)}, None, False

    for first, end in ((1, 50), (41, LAST)):
        if first > 1:
            model.load_state_dict(kept)
        log, evaluate_and_print, timers = functions(evaluate)
        timers("interval-time", log_level=0).start(barrier=True)
        total = {}
        for at in range(first, end + 1):
            lr = 0.5 * min(1, at / 10) * (1 + math.cos(math.pi * at / LAST)) / 2
            bad = at == 33 or 61 <= at <= 65
            loss = loss_at(at) * (math.nan if bad or at == 73 else 1)
            norm = None
            if not bad and at != 73:
                model.zero_grad()
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()
                for parameter in model.parameters():
                    parameter.data -= lr * parameter.grad
            scale /= 2 if bad else 1
            ARGS.consumed_train_samples = BATCH * at
            params = sum(parameter.norm().item() ** 2 for parameter in model.parameters()) ** 0.5
            found = {"lm loss": loss.detach()}
            log(found, total, lr, at, scale, False, int(bad), norm, params, None, None, is_first_iteration=at == first)
            if at == 40:
                kept = copy.deepcopy(model.state_dict())
            if at % 20 == 0:
                evaluate_and_print(f"iteration {at}", None, None, None, at, None, None)


if __name__ == "__main__":
    main()
