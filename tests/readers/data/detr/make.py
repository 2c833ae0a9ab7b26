"""Makes the logs in this folder with DETR's own engine, losses and main loop, on a small backbone and the CPU.

    git clone https://github.com/facebookresearch/detr
    pip install torch torchvision pycocotools scipy
    python make.py detr

The loop over the epochs is cut out of main() of main.py and runs whole: training, evaluation on boxes, checkpoints,
`log.txt`. Three epochs are trained, then the run goes on from the checkpoint that is kept before the learning rate
drops, after epoch 1, to epoch 4. `console.log` is what the same launches printed.

Made with engine.py at 0d44f335 and main.py at 04d5706a, commits of forks whose additions do not run here, and the rest
as published in the package detr 0.1.4, of August 2020.
"""

# mypy: ignore-errors
from __future__ import annotations

import ast
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import torch
import torchvision
from pycocotools.coco import COCO

HERE, SOURCE = Path(__file__).parent, Path(sys.argv[1]).resolve()
sys.path.insert(0, str(SOURCE))
torchvision.__version__ = "0.9.0"  # it reads three characters of it, and takes 0.29 for 0.2


def tiny(**_: object) -> torch.nn.Module:
    """Stands for resnet18, whose weights would be fetched."""
    channels = (3, 8, 16, 32, 512)
    parts = {
        f"layer{at}": torch.nn.Sequential(torch.nn.Conv2d(*channels[at - 1 : at + 1], 3, 2, 1), torch.nn.ReLU())
        for at in range(1, 5)
    }
    net = torch.nn.Module()
    for name, part in parts.items():
        net.add_module(name, part)
    return net


torchvision.models.resnet18 = tiny

import util.misc as utils  # noqa: E402
from engine import evaluate, train_one_epoch  # noqa: E402
from models import build_model  # noqa: E402

ARGS = SimpleNamespace(
    device="cpu", lr=1e-3, lr_backbone=1e-3, lr_drop=2, backbone="resnet18", dilation=False, hidden_dim=32, nheads=4,
    position_embedding="sine", enc_layers=1, dec_layers=2, dim_feedforward=64, dropout=0.0, num_queries=4,
    pre_norm=False, masks=False, aux_loss=False, set_cost_class=1, set_cost_bbox=5, set_cost_giou=2, bbox_loss_coef=5,
    giou_loss_coef=2, eos_coef=0.1, dataset_file="coco", frozen_weights=None, clip_max_norm=0.1, distributed=False,
)  # fmt: skip


def images(count: int, first: int) -> list[tuple[torch.Tensor, dict]]:
    """Noise with one bright box each."""
    found = []
    for at in range(first, first + count):
        generator = torch.Generator().manual_seed(at)
        image = 0.1 * torch.randn(3, 64, 64, generator=generator)
        x, y = torch.randint(0, 32, (2,), generator=generator).tolist()
        image[:, y : y + 32, x : x + 32] += 1
        target = {
            "boxes": torch.tensor([[x + 16, y + 16, 32, 32]]) / 64, "labels": torch.tensor([1]),
            "image_id": torch.tensor([at]), "orig_size": torch.tensor([64, 64]), "size": torch.tensor([64, 64]),
        }  # fmt: skip
        found.append((image, target))
    return found


def truth(data: list[tuple[torch.Tensor, dict]]) -> COCO:
    coco = COCO()
    boxes = [(target["image_id"].item(), (64 * target["boxes"][0]).tolist()) for _, target in data]
    coco.dataset = {
        "images": [{"id": at, "height": 64, "width": 64} for at, _ in boxes], "categories": [{"id": 1, "name": "box"}],
        "annotations": [
            {"id": at, "image_id": at, "category_id": 1, "iscrowd": 0, "area": w * h, "bbox": [x - 16, y - 16, w, h]}
            for at, (x, y, w, h) in boxes
        ],
    }  # fmt: skip
    coco.createIndex()
    return coco


def main() -> None:
    (main_of,) = (
        node
        for node in ast.parse((SOURCE / "main.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    loop = next(node for node in ast.walk(main_of) if isinstance(node, ast.For) and "epoch" in ast.unparse(node.target))
    train, val = images(24, 1), images(8, 101)
    with tempfile.TemporaryDirectory() as name, (HERE / "console.log").open("w") as out:
        folder = Path(name)
        for first, end in ((0, 3), (2, 5)):
            torch.manual_seed(first)
            with contextlib.redirect_stdout(out):
                model, criterion, postprocessors = build_model(ARGS)
                optimizer = torch.optim.AdamW(model.parameters(), lr=ARGS.lr)
                scheduler = torch.optim.lr_scheduler.StepLR(optimizer, ARGS.lr_drop)
                if first:
                    kept = torch.load(folder / "checkpoint0001.pth", weights_only=False)
                    model.load_state_dict(kept["model"])
                    optimizer.load_state_dict(kept["optimizer"])
                    scheduler.load_state_dict(kept["lr_scheduler"])
                ARGS.start_epoch, ARGS.epochs, ARGS.output_dir = first, end, name
                shape = {"batch_size": 2, "collate_fn": utils.collate_fn}
                world = {
                    "args": ARGS, "model": model, "model_without_ddp": model, "criterion": criterion, "json": json,
                    "postprocessors": postprocessors, "optimizer": optimizer, "lr_scheduler": scheduler,
                    "data_loader_train": torch.utils.data.DataLoader(train, shuffle=True, **shape), "torch": torch,
                    "data_loader_val": torch.utils.data.DataLoader(val, **shape), "base_ds": truth(val),
                    "device": torch.device("cpu"), "output_dir": folder, "utils": utils, "evaluate": evaluate,
                    "train_one_epoch": train_one_epoch, "n_parameters": sum(p.numel() for p in model.parameters()),
                }  # fmt: skip
                exec(compile(ast.Module([loop], []), "main.py", "exec"), world)  # noqa: S102 - the program itself
        (HERE / "log.txt").write_bytes((folder / "log.txt").read_bytes())


if __name__ == "__main__":
    main()
