"""Code snippets for every action, as one table, and the function that fills in their numbers.

A key is an action, or an action and its variant ("change_init he"). Names in the code are the ones that
the libraries' own examples use: model, optimizer, loader, `L` for lightning, `nn` for torch.nn, `layers`
for keras.layers, `nnx` for flax.nnx. Models for Lightning and the Hugging Face Trainer are PyTorch's, so
where they have no entry, PyTorch's holds. Tried with torch 2.13, Keras 3.15, Lightning 2.6, transformers
5.23, optax 0.2.8 and Flax NNX 0.12; lines are at most 66 columns, which fits a terminal of 80.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc

FRAMEWORKS = ("pytorch", "keras", "lightning", "huggingface", "jax")
_PYTORCH_INSIDE = ("lightning", "huggingface")

_CLIP = {
    "pytorch": """
        loss.backward()  # with a GradScaler, unscale_(optimizer) next
        torch.nn.utils.clip_grad_norm_(model.parameters(), {max_norm:g})
        optimizer.step()""",
    "keras": "optimizer = keras.optimizers.Adam(lr, global_clipnorm={max_norm:g})",
    "lightning": "trainer = L.Trainer(gradient_clip_val={max_norm:g})",
    "huggingface": "args = TrainingArguments(out_dir, max_grad_norm={max_norm:g})",
    "jax": """
        clip = optax.clip_by_global_norm({max_norm:g})
        tx = optax.chain(clip, optax.adamw(lr))""",
}

SNIPPETS: Mapping[str, Mapping[str, str]] = {
    "clip_grad_norm": _CLIP,
    "set_clip": _CLIP,
    "scale_lr": {
        "pytorch": "optimizer = torch.optim.AdamW(model.parameters(), lr={lr})",
        "keras": "optimizer = keras.optimizers.AdamW(learning_rate={lr})",
        "lightning": """
            def configure_optimizers(self):
                return torch.optim.AdamW(self.parameters(), lr={lr})""",
        "huggingface": "args = TrainingArguments(out_dir, learning_rate={lr})",
        "jax": "tx = optax.adamw(learning_rate={lr})",
    },
    "add_warmup": {
        "pytorch": """
            warmup = torch.optim.lr_scheduler.LinearLR(
                optimizer, start_factor=0.01, total_iters={steps})
            warmup.step()  # after each optimizer.step()""",
        "keras": """
            lr = keras.optimizers.schedules.CosineDecay(
                0.0, decay_steps, warmup_target=lr, warmup_steps={steps})""",
        "lightning": """
            # at the end of configure_optimizers(self):
            warmup = torch.optim.lr_scheduler.LinearLR(
                optimizer, start_factor=0.01, total_iters={steps})
            return [optimizer], [{{"scheduler": warmup, "interval": "step"}}]""",
        "huggingface": "args = TrainingArguments(out_dir, warmup_steps={steps})",
        "jax": """
            lr = optax.warmup_cosine_decay_schedule(
                0.0, lr, warmup_steps={steps}, decay_steps=total_steps)""",
    },
    "replace_cell LSTM": {
        "pytorch": """
            self.rnn = nn.LSTM(inputs, hidden, batch_first=True)
            out, (h, c) = self.rnn(x)  # nn.RNN gives out, h""",
        "keras": "x = layers.LSTM(units)(x)  # instead of layers.SimpleRNN(units)",
        "jax": """
            self.rnn = nnx.RNN(nnx.LSTMCell(inputs, hidden, rngs=rngs))
            out = self.rnn(x)""",
    },
    "change_init orthogonal": {
        "pytorch": """
            for name, p in model.named_parameters():
                if "weight_hh" in name:
                    for gate in p.data.split(p.shape[1]):
                        nn.init.orthogonal_(gate)""",
        "keras": 'layers.LSTM(units, recurrent_initializer="orthogonal")',
        "jax": """
            init = nnx.initializers.orthogonal()
            nnx.LSTMCell(d, d, recurrent_kernel_init=init, rngs=rngs)""",
    },
    "change_init he": {
        "pytorch": """
            for m in model.modules():
                if isinstance(m, nn.Linear | nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, nonlinearity="relu")""",
        "keras": 'layers.Dense(units, kernel_initializer="he_normal")',
        "jax": """
            init = nnx.initializers.he_normal()
            nnx.Linear(d, d, kernel_init=init, rngs=rngs)""",
    },
    "change_init xavier": {
        "pytorch": """
            for m in model.modules():
                if isinstance(m, nn.Linear | nn.Conv2d):
                    nn.init.xavier_uniform_(m.weight)""",
        "keras": 'layers.Dense(units, kernel_initializer="glorot_uniform")',
        "jax": """
            init = nnx.initializers.xavier_uniform()
            nnx.Linear(d, d, kernel_init=init, rngs=rngs)""",
    },
    "change_activation relu": {
        "pytorch": "nn.ReLU()  # instead of nn.Sigmoid() or nn.Tanh()",
        "keras": 'layers.Dense(units, activation="relu")',
        "jax": "x = jax.nn.relu(x)  # instead of jax.nn.sigmoid or jnp.tanh",
    },
    "change_activation leaky_relu": {
        "pytorch": "nn.LeakyReLU(0.01)  # instead of nn.ReLU()",
        "keras": "x = layers.LeakyReLU(negative_slope=0.01)(x)",
        "jax": "x = jax.nn.leaky_relu(x, negative_slope=0.01)",
    },
    "add_normalization layer_norm": {
        "pytorch": "nn.Sequential(nn.Linear(d, d), nn.LayerNorm(d), nn.ReLU())",
        "keras": "x = layers.LayerNormalization()(x)",
        "jax": """
            self.norm = nnx.LayerNorm(d, rngs=rngs)
            x = self.norm(x)""",
    },
    "add_normalization spectral_norm": {
        "pytorch": "nn.utils.parametrizations.spectral_norm(nn.Linear(d, d))",
        "keras": "layers.SpectralNormalization(layers.Dense(units))",
        "jax": """
            linear = nnx.Linear(d, d, rngs=rngs)
            self.layer = nnx.SpectralNorm(linear, rngs=rngs)""",
    },
    "weight_decay": {
        "pytorch": """
            optimizer = torch.optim.AdamW(
                model.parameters(), lr=lr, weight_decay={value:g})""",
        "keras": "optimizer = keras.optimizers.AdamW(lr, weight_decay={value:g})",
        "lightning": """
            def configure_optimizers(self):
                return torch.optim.AdamW(
                    self.parameters(), lr=self.lr, weight_decay={value:g})""",
        "huggingface": "args = TrainingArguments(out_dir, weight_decay={value:g})",
        "jax": "tx = optax.adamw(lr, weight_decay={value:g})",
    },
    "l1": {
        "pytorch": """
            penalty = sum(p.abs().sum() for p in model.parameters())
            loss = loss + {value:g} * penalty""",
        "keras": """
            penalty = keras.regularizers.L1({value:g})
            layers.Dense(units, kernel_regularizer=penalty)""",
        "lightning": """
            # in training_step(self, batch, batch_idx):
            penalty = sum(p.abs().sum() for p in self.parameters())
            loss = loss + {value:g} * penalty""",
        "huggingface": """
            # in a TrainerCallback:
            def on_pre_optimizer_step(self, *_, model, **__):
                for p in model.parameters():
                    if p.grad is not None: p.grad.add_(p.sign(), alpha={value:g})""",
        "jax": """
            penalty = sum(jnp.abs(p).sum() for p in jax.tree.leaves(params))
            loss = loss + {value:g} * penalty""",
    },
    "dropout": {
        "pytorch": "nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Dropout({p:g}))",
        "keras": "x = layers.Dropout({p:g})(x)",
        "huggingface": """
            for m in model.modules():
                if isinstance(m, nn.Dropout):
                    m.p = {p:g}""",
        "jax": """
            self.dropout = nnx.Dropout({p:g}, rngs=rngs)
            x = self.dropout(x)  # model.train() turns it on""",
    },
    "early_stop": {
        "pytorch": """
            state = torch.load("checkpoint_{step}.pt", weights_only=True)
            model.load_state_dict(state)""",
        "keras": """
            best = keras.callbacks.EarlyStopping(
                patience=5, restore_best_weights=True)
            model.fit(x, y, validation_data=val, callbacks=[best])""",
        "lightning": """
            stop = L.pytorch.callbacks.EarlyStopping("val_loss", patience=5)
            best = L.pytorch.callbacks.ModelCheckpoint(monitor="val_loss")
            trainer = L.Trainer(callbacks=[stop, best])""",
        "huggingface": """
            args = TrainingArguments(out_dir, eval_strategy="steps",
                load_best_model_at_end=True, metric_for_best_model="loss")
            stop = EarlyStoppingCallback(early_stopping_patience=5)
            trainer = Trainer(model, args, callbacks=[stop])  # and data""",
        "jax": """
            if val_loss < best_loss:  # after each evaluation
                best_loss, best_params = val_loss, params""",
    },
    "increase_capacity": {
        "pytorch": "hidden = round({factor:g} * hidden)  # the width of the layers",
        "keras": "layers.Dense(round({factor:g} * units))",
        "huggingface": """
            n = round({factor:g} * config.num_hidden_layers)
            config.num_hidden_layers = n""",
        "jax": "nnx.Linear(inputs, round({factor:g} * hidden), rngs=rngs)",
    },
    "disable_fp16": {
        "pytorch": """
            with torch.autocast("cuda", enabled=False):
                loss = loss_fn(model(x.float()), y)""",
        "keras": 'keras.config.set_dtype_policy("float32")',
        "lightning": 'trainer = L.Trainer(precision="32-true")',
        "huggingface": "args = TrainingArguments(out_dir, fp16=False)",
        "jax": "params = jax.tree.map(lambda p: p.astype(jnp.float32), params)",
    },
    "use_bf16": {
        "pytorch": """
            with torch.autocast("cuda", dtype=torch.bfloat16):
                loss = loss_fn(model(x), y)  # and no GradScaler""",
        "keras": 'keras.config.set_dtype_policy("mixed_bfloat16")',
        "lightning": 'trainer = L.Trainer(precision="bf16-mixed")',
        "huggingface": "args = TrainingArguments(out_dir, bf16=True)",
        "jax": "nnx.Linear(d, d, dtype=jnp.bfloat16, rngs=rngs)  # not weights",
    },
    "skip_nonfinite_batches": {
        "pytorch": """
            grads = [p.grad for p in model.parameters() if p.grad is not None]
            ok = all(g.isfinite().all() for g in grads)  # after backward()
            optimizer.step() if ok else print("skipped batch", i)""",
        "keras": """
            # skips steps with a non-finite gradient, in float32 as well:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)""",
        "lightning": """
            # at the end of training_step (one device); None skips it:
            return loss if torch.isfinite(loss) else None""",
        "huggingface": """
            # in a TrainerCallback; without gradients nothing is updated
            def on_pre_optimizer_step(self, *_, model, **__):
                g = [p.grad for p in model.parameters() if p.grad is not None]
                all(x.isfinite().all() for x in g) or model.zero_grad()""",
        "jax": "tx = optax.apply_if_finite(tx, max_consecutive_errors=5)",
    },
    "clean_data": {
        "pytorch": """
            for i, (x, y) in enumerate(loader):
                assert x.isfinite().all() and y.isfinite().all(), i""",
        "keras": """
            for i, (x, y) in enumerate(dataset):
                assert np.isfinite(x).all() and np.isfinite(y).all(), i""",
        "huggingface": """
            for i, batch in enumerate(trainer.get_train_dataloader()):
                assert all(v.isfinite().all() for v in batch.values()), i""",
        "jax": """
            for i, (x, y) in enumerate(loader):
                assert jnp.isfinite(x).all() and jnp.isfinite(y).all(), i""",
    },
    "add_eps": {
        "pytorch": """
            torch.log(p.clamp_min({value:g}))  # or F.cross_entropy on logits
            torch.autograd.set_detect_anomaly(True)  # names the operation""",
        "keras": "keras.ops.log(keras.ops.maximum(p, {value:g}))  # or from_logits=True",
        "lightning": """
            torch.log(p.clamp_min({value:g}))  # or F.cross_entropy on logits
            trainer = L.Trainer(detect_anomaly=True)  # names the operation""",
        "huggingface": """
            torch.log(p.clamp_min({value:g}))  # or F.cross_entropy on logits
            # names the module:
            args = TrainingArguments(out_dir, debug="underflow_overflow")""",
        "jax": """
            jnp.log(jnp.maximum(p, {value:g}))  # or optax's losses on logits
            jax.config.update("jax_debug_nans", True)  # names the operation""",
    },
    "train_longer": {
        "pytorch": "max_steps = round({factor:g} * max_steps)  # the schedule's, too",
        "keras": "model.fit(x, y, epochs=round({factor:g} * epochs))",
        "lightning": "trainer = L.Trainer(max_epochs=round({factor:g} * epochs))",
        "huggingface": "args = TrainingArguments(out_dir, num_train_epochs={factor:g} * epochs)",
        "jax": "total_steps = round({factor:g} * total_steps)  # the schedule's, too",
    },
    "fix_schedule hold": {
        "pytorch": """
            schedule = torch.optim.lr_scheduler.ConstantLR(
                optimizer, factor=1.0)  # instead of the one that rises""",
        "keras": "optimizer = keras.optimizers.AdamW(lr)  # no schedule",
        "huggingface": 'args = TrainingArguments(out_dir, lr_scheduler_type="constant")',
        "jax": "tx = optax.adamw(optax.constant_schedule(lr))",
    },
    "fix_schedule no_jump": {
        "pytorch": """
            schedule.load_state_dict(checkpoint["schedule"])  # on resume
            schedule.step()  # once a step, in the unit it is counted in""",
        "keras": """
            lr = keras.optimizers.schedules.CosineDecay(lr, total_steps)
            # counts batches: no callback sets the rate besides""",
        "huggingface": "trainer.train(resume_from_checkpoint=True)  # and its schedule",
        "jax": "lr = optax.cosine_decay_schedule(lr, total_steps)  # one piece",
    },
    "fix_schedule longer_warmup": {
        "pytorch": """
            warmup = torch.optim.lr_scheduler.LinearLR(
                optimizer, start_factor=0.01, total_iters=2 * warmup_steps)""",
        "keras": """
            lr = keras.optimizers.schedules.CosineDecay(
                0.0, decay_steps, warmup_target=lr,
                warmup_steps=2 * warmup_steps)""",
        "huggingface": "args = TrainingArguments(out_dir, warmup_steps=2 * warmup_steps)",
        "jax": """
            lr = optax.warmup_cosine_decay_schedule(
                0.0, lr, 2 * warmup_steps, decay_steps=total_steps)""",
    },
    "fix_schedule later_decay": {
        "pytorch": """
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, T_max=total_steps)  # all steps, as step() counts""",
        "keras": "lr = keras.optimizers.schedules.CosineDecay(lr, total_steps)",
        "huggingface": "args = TrainingArguments(out_dir, max_steps=total_steps)",
        "jax": "lr = optax.cosine_decay_schedule(lr, decay_steps=total_steps)",
    },
    "fix_weight_decay": {
        "pytorch": """
            optimizer = torch.optim.AdamW(
                model.parameters(), lr=lr, weight_decay=0.01)  # and no other""",
        "keras": "optimizer = keras.optimizers.AdamW(lr, weight_decay=0.01)",
        "jax": "tx = optax.adamw(lr, weight_decay=0.01)  # and no other decay",
    },
    "remove_clip": {
        "pytorch": "# leave out torch.nn.utils.clip_grad_norm_",
        "keras": "optimizer = keras.optimizers.AdamW(lr)  # no clipnorm",
        "lightning": "trainer = L.Trainer(gradient_clip_val=None)",
        "huggingface": "args = TrainingArguments(out_dir, max_grad_norm=0.0)",
        "jax": "tx = optax.adamw(lr)  # not chained to clip_by_global_norm",
    },
    "unfreeze": {
        "pytorch": """
            model.requires_grad_(True)  # and no detach() or no_grad()
            optimizer = torch.optim.AdamW(model.parameters(), lr=lr)""",
        "keras": """
            model.trainable = True
            model.compile(optimizer, loss)  # takes effect only now""",
        "lightning": """
            self.unfreeze()  # and configure_optimizers takes all parameters:
            torch.optim.AdamW(self.parameters(), lr=self.lr)""",
        "huggingface": """
            model.requires_grad_(True)
            trainer = Trainer(model, args)  # only now, to take them all""",
        "jax": """
            tx = optax.adamw(lr)  # not masked, set_to_zero, stop_gradient
            optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)""",
    },
    "check_labels": {
        "pytorch": """
            x, y = next(iter(loader))
            for _ in range(500):
                loss = train_step(x, y)  # must go to about 0""",
        "keras": "model.fit(x[:32], y[:32], epochs=500)  # loss must go to about 0",
        "lightning": """
            trainer = L.Trainer(overfit_batches=1, max_epochs=500)
            trainer.fit(model, loader)  # loss must go to about 0""",
        "huggingface": """
            few = dataset.select(range(8))
            args = TrainingArguments(out_dir, max_steps=500)
            Trainer(model, args, train_dataset=few).train()  # loss: about 0""",
        "jax": """
            x, y = next(iter(loader))
            for _ in range(500):  # loss must go to about 0
                params, state, loss = train_step(params, state, x, y)""",
    },
    "check_optimizer_step": {
        "pytorch": """
            before = [p.detach().clone() for p in model.parameters()]
            train_step(x, y)
            pairs = zip(before, model.parameters())
            assert not all(a.equal(b) for a, b in pairs)""",
        "keras": """
            before = model.get_weights()
            model.train_on_batch(x, y)
            pairs = zip(before, model.get_weights())
            assert not all(np.array_equal(a, b) for a, b in pairs)""",
        "lightning": """
            before = [p.detach().clone() for p in model.parameters()]
            L.Trainer(max_steps=10).fit(model, loader)
            pairs = zip(before, model.parameters())
            assert not all(a.equal(b) for a, b in pairs)""",
        "huggingface": """
            before = [p.detach().clone() for p in model.parameters()]
            trainer.train()  # with max_steps=10
            pairs = zip(before, model.parameters())
            assert not all(a.equal(b) for a, b in pairs)""",
        "jax": """
            updates, state = tx.update(grads, state, params)
            assert optax.global_norm(updates) > 0
            params = optax.apply_updates(params, updates)  # keep the result""",
    },
    "fix_input_pipeline": {
        "pytorch": """
            total += loss.item()  # total += loss keeps every graph
            loader = DataLoader(data, batch_size, num_workers=4)""",
        "keras": "dataset = dataset.cache().prefetch(tf.data.AUTOTUNE)",
        "lightning": """
            trainer = L.Trainer(profiler="simple")  # says what takes the time
            loader = DataLoader(data, batch_size, num_workers=4)""",
        "huggingface": """
            args = TrainingArguments(out_dir, dataloader_num_workers=4,
                dataloader_persistent_workers=True)""",
        "jax": """
            jax.config.update("jax_log_compiles", True)  # at every step?
            grain.DataLoader(data_source=data, sampler=order, worker_count=4)""",
    },
    "fix_input_pipeline shuffle": {
        "pytorch": "loader = DataLoader(data, batch_size, shuffle=True)",
        "keras": "dataset = dataset.shuffle(len(x)).batch(batch_size)",
        "huggingface": "dataset = dataset.shuffle(seed=0)  # before it goes to Trainer",
        "jax": """
            order = jax.random.permutation(key, len(x))  # new key each epoch
            x, y = x[order], y[order]""",
    },
    "resume_from": {
        "pytorch": """
            state = torch.load("checkpoint_{step}.pt", weights_only=True)
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])""",
        "keras": """
            backup = keras.callbacks.BackupAndRestore("backup")
            model.fit(x, y, callbacks=[backup])  # continues where it ended""",
        "lightning": 'trainer.fit(model, ckpt_path="checkpoint_{step}.ckpt")',
        "huggingface": 'trainer.train(resume_from_checkpoint="checkpoint-{step}")',
        "jax": "state = manager.restore({step})  # an orbax CheckpointManager",
    },
    "eval_in_fp32": {
        "pytorch": """
            with torch.no_grad(), torch.autocast("cuda", enabled=False):
                score = metric(model.float()(x.float()), y)""",
        "keras": """
            outputs = layers.Dense(units, dtype="float32")(hidden)""",
        "lightning": """
            with torch.autocast("cuda", enabled=False):
                score = metric(self(x.float()).float(), y)""",
        "huggingface": "args = TrainingArguments(out_dir, fp16_full_eval=False)",
        "jax": "score = metric(logits.astype(jnp.float32), y)",
    },
    "kl_annealing": {
        "pytorch": """
            beta = min(1.0, step / anneal_steps)
            loss = reconstruction + beta * kl.clamp_min(free_bits).sum()""",
        "keras": """
            beta = keras.ops.minimum(1.0, step / anneal_steps)
            loss = reconstruction + beta * kl""",
        "jax": """
            beta = jnp.minimum(1.0, step / anneal_steps)
            loss = recon + beta * jnp.maximum(kl, free_bits).sum()""",
    },
    "set_entropy_coef": {
        "pytorch": "loss = policy_loss + 0.5 * value_loss - {value:g} * entropy",
        "keras": "loss = policy_loss + 0.5 * value_loss - {value:g} * entropy",
        "jax": "loss = policy_loss + 0.5 * value_loss - {value:g} * entropy",
    },
    "set_kl_coef": {
        "pytorch": "reward = score - {value:g} * (logp - ref_logp)",
        "keras": "reward = score - {value:g} * (logp - ref_logp)",
        "jax": "reward = score - {value:g} * (logp - ref_logp)",
    },
    "more_generations": {
        "pytorch": "completions = sample(prompt, n=round({factor:g} * n))",
        "keras": "completions = sample(prompt, n=round({factor:g} * n))",
        "jax": "completions = sample(prompt, n=round({factor:g} * n))",
    },
    "set_temperature": {
        "pytorch": "probs = torch.softmax(logits / {value:g}, dim=-1)  # when sampling",
        "keras": "probs = keras.ops.softmax(logits / {value:g})  # when sampling",
        "jax": "probs = jax.nn.softmax(logits / {value:g})  # when sampling",
    },
    "restore_optimizer": {
        "pytorch": """
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            scheduler.load_state_dict(state["scheduler"])""",
        "keras": 'model = keras.models.load_model("last.keras")  # not only weights',
        "lightning": 'trainer.fit(model, ckpt_path="last.ckpt")  # not weights_only',
        "huggingface": "trainer.train(resume_from_checkpoint=True)",
        "jax": "params, opt_state, step = manager.restore(step)  # all three",
    },
    "scale_reward": {
        "pytorch": "reward = {factor:g} * reward  # or VecNormalize in SB3",
        "keras": "reward = {factor:g} * reward",
        "jax": "reward = {factor:g} * reward",
    },
}


def snippets(action: str, *, variant: str = "", **numbers: float | str) -> dict[str, str]:
    """The code for an action in every framework, with its numbers filled in."""
    row = SNIPPETS[f"{action} {variant}".rstrip()]
    codes = {name: row[name if name in row or name not in _PYTORCH_INSIDE else "pytorch"] for name in FRAMEWORKS}
    return {name: cleandoc(code).format_map(numbers) for name, code in codes.items()}
