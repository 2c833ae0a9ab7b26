"""The setting of each trainer that does what a remedy asks for: one table, trainer -> action -> lines to change.

Held against the sources that document them: mmengine (docs/en/tutorials/optim_wrapper.md; optimizer_config is mmcv
1.x's), detectron2 (config/defaults.py), fairseq (dataclass/configs.py), Megatron-LM (training/arguments.py),
DeepSpeed (docs/_pages/config-json.md), nanoGPT (train.py), timm (train.py), ultralytics (cfg/default.yaml), YOLOX
(exp/yolox_base.py, tools/train.py), Stable-Baselines3 (docs/modules/ppo.rst), RLlib (algorithm_config.py, ppo.py),
CleanRL (ppo.py), rsl_rl (algorithms/ppo.py), ML-Agents (docs/Training-Configuration-File.md), TRL (grpo_config.py).
A trainer without an entry for an action takes the code of the framework that it stands on.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc

#: The framework whose code a trainer's user writes where the trainer has no setting of its own.
STANDS_ON: Mapping[str, str] = {
    "trl": "huggingface",
    "jax": "jax",
    "keras": "keras",
    "lightning": "lightning",
    "huggingface": "huggingface",
}

#: Actions that share a setting.
_SAME: Mapping[str, str] = {"set_clip": "clip_grad_norm"}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "mmengine": {
        "clip_grad_norm": """
            optim_wrapper = dict(clip_grad=dict(max_norm={max_norm:g}))
            # mmcv 1.x:
            optimizer_config = dict(grad_clip=dict(max_norm={max_norm:g}))""",
        "scale_lr": """
            optim_wrapper = dict(optimizer=dict(lr={lr}))
            # mmcv 1.x: optimizer = dict(lr={lr})""",
        "add_warmup": """
            param_scheduler = [dict(type="LinearLR", start_factor=0.01,
                by_epoch=False, begin=0, end={steps})]  # and the others
            # mmcv 1.x: lr_config = dict(warmup="linear", warmup_iters={steps})""",
        "weight_decay": """
            optim_wrapper = dict(optimizer=dict(weight_decay={value:g}))
            # mmcv 1.x: optimizer = dict(weight_decay={value:g})""",
        "disable_fp16": 'optim_wrapper = dict(type="OptimWrapper")  # not AmpOptimWrapper',
        "use_bf16": 'optim_wrapper = dict(type="AmpOptimWrapper", dtype="bfloat16")',
        "early_stop": """
            default_hooks = dict(
                checkpoint=dict(type="CheckpointHook", save_best="auto"))""",
        "resume_from": 'load_from, resume = "work_dirs/run/iter_{step}.pth", True',
        "train_longer": "train_cfg = dict(max_epochs=round({factor:g} * max_epochs))",
        "fix_input_pipeline": "train_dataloader = dict(num_workers=4, persistent_workers=True)",
    },
    "detectron2": {
        "clip_grad_norm": """
            cfg.SOLVER.CLIP_GRADIENTS.ENABLED = True
            cfg.SOLVER.CLIP_GRADIENTS.CLIP_TYPE = "norm"  # by parameter
            cfg.SOLVER.CLIP_GRADIENTS.CLIP_VALUE = {max_norm:g}""",
        "scale_lr": "cfg.SOLVER.BASE_LR = {lr}",
        "add_warmup": "cfg.SOLVER.WARMUP_ITERS = {steps}",
        "weight_decay": "cfg.SOLVER.WEIGHT_DECAY = {value:g}",
        "disable_fp16": "cfg.SOLVER.AMP.ENABLED = False",
        "resume_from": """
            Path("output/last_checkpoint").write_text("model_{step:07d}.pth")
            trainer.resume_or_load(resume=True)  # with optimizer and step""",
        "train_longer": "cfg.SOLVER.MAX_ITER = round({factor:g} * cfg.SOLVER.MAX_ITER)",
        "fix_input_pipeline": "cfg.DATALOADER.NUM_WORKERS = 8",
    },
    "fairseq": {
        "clip_grad_norm": "fairseq-train ... --clip-norm {max_norm:g}",
        "remove_clip": "fairseq-train ... --clip-norm 0.0",
        "scale_lr": "fairseq-train ... --lr {lr}",
        "add_warmup": "fairseq-train ... --warmup-updates {steps}",
        "weight_decay": "fairseq-train ... --weight-decay {value:g}",
        "dropout": "fairseq-train ... --dropout {p:g}",
        "disable_fp16": "fairseq-train ...  # without --fp16",
        "use_bf16": "fairseq-train ... --bf16  # instead of --fp16",
        "early_stop": "fairseq-train ... --patience 5  # keeps checkpoint_best.pt",
        "resume_from": "fairseq-train ... --restore-file checkpoint_{step}.pt",
        "train_longer": "fairseq-train ... --max-update N  # {factor:g} times as many",
        "fix_input_pipeline": "fairseq-train ... --num-workers 4",
    },
    "megatron": {
        "clip_grad_norm": "pretrain_gpt.py ... --clip-grad {max_norm:g}",
        "remove_clip": "pretrain_gpt.py ... --clip-grad 0",
        "scale_lr": "pretrain_gpt.py ... --lr {lr}",
        "add_warmup": "pretrain_gpt.py ... --lr-warmup-iters {steps}",
        "weight_decay": "pretrain_gpt.py ... --weight-decay {value:g}",
        "dropout": "pretrain_gpt.py ... --hidden-dropout {p:g}",
        "disable_fp16": "pretrain_gpt.py ...  # without --fp16",
        "use_bf16": "pretrain_gpt.py ... --bf16  # instead of --fp16",
        "resume_from": "pretrain_gpt.py ... --load checkpoints --ckpt-step {step}",
        "train_longer": "pretrain_gpt.py ... --train-iters N  # {factor:g} times as many",
        "fix_input_pipeline": "pretrain_gpt.py ... --num-workers 4",
    },
    "deepspeed": {
        "clip_grad_norm": '{{"gradient_clipping": {max_norm:g}}}',
        "scale_lr": '{{"optimizer": {{"params": {{"lr": {lr}}}}}}}',
        "add_warmup": """
            {{"scheduler": {{"type": "WarmupLR",
                           "params": {{"warmup_num_steps": {steps}}}}}}}""",
        "weight_decay": '{{"optimizer": {{"params": {{"weight_decay": {value:g}}}}}}}',
        "disable_fp16": '{{"fp16": {{"enabled": false}}}}',
        "use_bf16": '{{"bf16": {{"enabled": true}}, "fp16": {{"enabled": false}}}}',
    },
    "nanogpt": {
        "clip_grad_norm": "grad_clip = {max_norm:g}",
        "remove_clip": "grad_clip = 0.0  # 0 turns clipping off",
        "scale_lr": "learning_rate = {lr}  # and min_lr a tenth of it",
        "add_warmup": "warmup_iters = {steps}",
        "weight_decay": "weight_decay = {value:g}",
        "dropout": "dropout = {p:g}",
        "disable_fp16": 'dtype = "float32"',
        "use_bf16": 'dtype = "bfloat16"',
        "early_stop": "always_save_checkpoint = False  # keeps the best only",
        "resume_from": 'init_from = "resume"  # from the last ckpt.pt before {step}',
        "train_longer": "max_iters = lr_decay_iters = round({factor:g} * max_iters)",
        "increase_capacity": "n_layer, n_embd = n_layer, round({factor:g} * n_embd)",
    },
    "timm": {
        "clip_grad_norm": "train.py ... --clip-grad {max_norm:g} --clip-mode norm",
        "scale_lr": "train.py ... --lr {lr}",
        "add_warmup": "train.py ... --warmup-epochs 5 --warmup-lr 1e-6",
        "weight_decay": "train.py ... --weight-decay {value:g}",
        "dropout": "train.py ... --drop {p:g}",
        "disable_fp16": "train.py ...  # without --amp",
        "use_bf16": "train.py ... --amp --amp-dtype bfloat16",
        "train_longer": "train.py ... --epochs N  # {factor:g} times as many",
        "resume_from": "train.py ... --resume checkpoint-{step}.pth.tar",
        "fix_input_pipeline": "train.py ... --workers 8",
    },
    "ultralytics": {
        "scale_lr": 'model.train(optimizer="SGD", lr0={lr})  # "auto" ignores lr0',
        "add_warmup": "model.train(warmup_epochs=5)",
        "weight_decay": "model.train(weight_decay={value:g})",
        "dropout": "model.train(dropout={p:g})  # of classification models",
        "disable_fp16": "model.train(amp=False)",
        "early_stop": "model.train(patience=20)  # weights/best.pt is kept",
        "resume_from": 'YOLO("runs/detect/train/weights/last.pt").train(resume=True)',
        "train_longer": "model.train(epochs=round({factor:g} * epochs))",
        "eval_in_fp32": "model.val(half=False)",
        "fix_input_pipeline": 'model.train(workers=8, cache="ram")',
    },
    "yolox": {
        "scale_lr": "self.basic_lr_per_img = {lr} / 64  # in the Exp; 64: batch size",
        "add_warmup": "self.warmup_epochs = 5  # in the Exp",
        "weight_decay": "self.weight_decay = {value:g}  # in the Exp",
        "disable_fp16": "tools/train.py ...  # without --fp16",
        "resume_from": "tools/train.py ... --resume -c latest_ckpt.pth",
        "train_longer": "self.max_epoch = round({factor:g} * self.max_epoch)  # in the Exp",
        "fix_input_pipeline": "self.data_num_workers = 8  # in the Exp",
    },
    "sb3": {
        "clip_grad_norm": 'PPO("MlpPolicy", env, max_grad_norm={max_norm:g})',
        "scale_lr": 'PPO("MlpPolicy", env, learning_rate={lr})',
        "set_entropy_coef": 'PPO("MlpPolicy", env, ent_coef={value:g})',
        "set_kl_coef": 'PPO("MlpPolicy", env, target_kl=0.02)  # stops the update there',
        "scale_reward": "env = VecNormalize(env, norm_reward=True)  # about {factor:g} here",
        "early_stop": """
            best = EvalCallback(eval_env, best_model_save_path="best")
            model.learn(total_timesteps, callback=best)""",
        "resume_from": 'model = PPO.load("rl_model_{step}_steps", env=env)',
        "train_longer": "model.learn(round({factor:g} * total_timesteps))",
        "increase_capacity": "policy_kwargs = dict(net_arch=[round({factor:g} * 64)] * 2)",
    },
    "rllib": {
        "clip_grad_norm": 'config.training(grad_clip={max_norm:g}, grad_clip_by="global_norm")',
        "scale_lr": "config.training(lr={lr})",
        "set_entropy_coef": "config.training(entropy_coeff={value:g})",
        "set_kl_coef": "config.training(kl_coeff={value:g})",
        "resume_from": 'algo = Algorithm.from_checkpoint("checkpoint_{step:06d}")',
        "train_longer": 'stop = {{"training_iteration": round({factor:g} * iterations)}}',
    },
    "cleanrl": {
        "clip_grad_norm": "python ppo.py ... --max-grad-norm {max_norm:g}",
        "scale_lr": "python ppo.py ... --learning-rate {lr}",
        "set_entropy_coef": "python ppo.py ... --ent-coef {value:g}",
        "set_kl_coef": "python ppo.py ... --target-kl 0.02  # stops the update there",
        "train_longer": "python ppo.py ... --total-timesteps N  # {factor:g} times as many",
    },
    "rsl_rl": {
        "clip_grad_norm": "algorithm.max_grad_norm = {max_norm:g}",
        "scale_lr": """
            algorithm.learning_rate = {lr}
            algorithm.schedule = "fixed"  # "adaptive" sets it by desired_kl""",
        "set_entropy_coef": "algorithm.entropy_coef = {value:g}",
        "set_kl_coef": 'algorithm.schedule, algorithm.desired_kl = "adaptive", 0.01',
        "train_longer": "runner.max_iterations = round({factor:g} * max_iterations)",
    },
    "mlagents": {
        "scale_lr": """
            hyperparameters:
              learning_rate: {lr}""",
        "set_entropy_coef": """
            hyperparameters:
              beta: {value:g}""",
        "scale_reward": """
            reward_signals:
              extrinsic:
                strength: {factor:g}""",
        "resume_from": "mlagents-learn config.yaml --run-id=RUN --resume",
        "train_longer": "max_steps: N  # {factor:g} times as many",
    },
    "trl": {
        "set_kl_coef": "args = GRPOConfig(out_dir, beta={value:g})",
        "set_temperature": "args = GRPOConfig(out_dir, temperature={value:g})",
        "more_generations": "args = GRPOConfig(out_dir, num_generations=round({factor:g} * n))",
        "clip_grad_norm": "args = GRPOConfig(out_dir, max_grad_norm={max_norm:g})",
        "scale_lr": "args = GRPOConfig(out_dir, learning_rate={lr})",
    },
}


def setting(trainer: str, action: str, **numbers: float | str) -> str:
    """The lines that do what an action asks for in a trainer's own terms; empty where it has no setting for it."""
    row = SETTINGS.get(trainer, {})
    code = row.get(action) or row.get(_SAME.get(action, ""), "")
    return cleandoc(code).format_map(numbers)
