"""The table of roles: what each means, its unit, and tags that trainers log it under."""

from __future__ import annotations

from typing import NamedTuple


class RoleInfo(NamedTuple):
    """What a role means. unit: "" where it has none. examples: tags that trainers log, without their split."""

    meaning: str
    unit: str
    examples: tuple[str, ...]


def _table(text: str) -> dict[str, RoleInfo]:
    """Parse lines of "role | meaning | unit | tag, tag"."""
    rows = ([cell.strip() for cell in line.split("|")] for line in text.strip().splitlines())
    return {role: RoleInfo(meaning, unit, tuple(tags.split(", "))) for role, meaning, unit, tags in rows}


#: Role -> its meaning. The tags are those of the trackers and trainers named in docs/formats.md.
ROLE_TABLE = _table(
    """
activation | statistics of what a layer puts out, such as its largest attention logit | | max_attention_logit
clip_frac_pct | updates in which the gradient was clipped | percent | train_clip, clip
data_time | time a step waits for its data | s | data_time, Perf/collection_time
duplicate_axis | a curve logged a second time over samples instead of steps | | lm loss vs samples, grad-norm vs samples
epoch | passes over the training data so far | epochs | epoch, train/epoch
flops | floating-point operations so far | FLOP | total_flos, train/total_flos
gan_augment | probability of augmenting what the discriminator sees | share | Progress/augment
gan_d_loss | loss of the discriminator | | Loss/D/loss, Loss / Discriminator loss
gan_g_loss | loss of the generator | | Loss/G/loss
gan_reg | regularisation of a GAN: gradient penalty, path length | | Loss/r1_penalty, Loss/G/reg
gan_score_fake | the discriminator's score of generated samples | | Loss/scores/fake, Loss/signs/fake
gan_score_real | the discriminator's score of real samples | | Loss/scores/real, Loss/signs/real
gpu_memory | memory of the GPU in use | bytes, GiB or percent | memory/max_active(GiB), mem-allocated-count
gpu_oom | times that the GPU ran out of memory or allocated again | count | memory/num_ooms, memory/num_alloc_retries
gpu_util | how busy the GPU is | percent | gpu.0.gpu, system.gpu.0.gpu
grad_hist | histogram of a layer's gradients | | gradients/fc1.weight
grad_noise | scale of the gradient noise | | train/noise_scale
grad_norm_global | norm of the gradient over all parameters | | grad_norm, train/grad_norm, grad-norm
grad_norm_layer | norm of the gradient of one layer | | grad_2.0_norm/fc.bias, grad_2.0_norm/layer1.0.weight
grad_rms | root mean square of the gradient | | train/opt/grad_rms
grad_zeros | zeros in the gradient | count | num-zeros
host_memory | memory of the process or the host in use | MB or percent | proc.memory.rssMB, memory_percent
hparam | a setting that was logged as a curve | | train/clip_range, batch-size, world-size
ignore | known, and no curve of the training | | hp_metric
loss | what the training minimises, or the same on held-out data | | loss, train/loss, eval_loss
loss_component | one term of the loss | | aux_loss, train/box_loss, train/cls_loss
loss_max | the largest loss over workers or samples | | loss_metrics/global_max_loss
loss_scale | factor that keeps float16 gradients from vanishing | | loss_scale, loss-scale, train/opt/grad_scale
loss_summary | the mean loss of the whole run, logged once at its end | | train_loss, train/train_loss
lr | learning rate | | learning_rate, train/learning_rate, lr-Adam
metric_higher | a metric of quality that is better when higher | | eval/accuracy, val_acc, eval/f1
metric_lower | a metric of quality that is better when lower | | ppl, Metrics/fid50k_full, valid_ppl
momentum | momentum of the optimizer | | lr-SGD-momentum, lr-Adam-momentum
other | known, and of no use to any rule | | roi_head/num_fg_samples
overflow | steps whose gradient was not finite | count or 0/1 | train/opt/grad_overflow
rl_action_std | standard deviation of the policy's actions | | train/std, Policy/mean_std
rl_clip_frac | samples outside of the clip range of the policy update | share | train/clip_fraction, ppo/policy/clipfrac
rl_degenerate | groups of samples that all have the same reward | share | frac_reward_zero_std
rl_entropy | entropy of the policy | nats | entropy, ppo/policy/entropy, losses/entropy
rl_entropy_coef | weight of the entropy in the loss | | train/ent_coef, losses/alpha
rl_entropy_loss | the entropy's term in the loss (its negative) | nats | train/entropy_loss
rl_episode_len | length of episodes or completions | steps or tokens | rollout/ep_len_mean, completions/mean_length
rl_explained_var | share of the returns' variance that the value function explains | <= 1 | train/explained_variance
rl_exploration | share of random actions | share | rollout/exploration_rate
rl_importance_ratio | probability of a sample: new policy over old | | sampling/importance_sampling_ratio/max
rl_kl | divergence of the policy from the last one or from the reference | nats | kl, objective/kl, train/approx_kl
rl_policy_loss | loss of the policy; its size says little | | train/policy_gradient_loss, losses/policy_loss
rl_q_value | estimated value of actions | reward | losses/q_values, Q-network / Q1 (mean)
rl_return | discounted return | reward | train/return
rl_reward | reward of an episode or a completion | reward | reward, rollout/ep_rew_mean, charts/episodic_return
rl_reward_std | standard deviation of the reward in a group | reward | reward_std, rewards/accuracy_reward/std
rl_success | episodes that reach their goal | share | rollout/success_rate, eval/success_rate
rl_truncation | completions cut off at the length limit | share | completions/clipped_ratio
rl_value_loss | loss of the value function | | train/value_loss, losses/value_loss
samples | training samples so far | samples | samples, Progress/kimg
samples_skipped | training samples left out | samples | skipped-train-samples
step | updates so far | steps | step, train/global_step
step_time | time of one step or of a part of it | s or ms | step_time, iteration-time
throughput | work done in a second | per s | train_samples_per_second, train_tokens_per_second
time | seconds since the start, or of one evaluation | s | time/time_elapsed, train_runtime
tokens | tokens seen so far | tokens | num_input_tokens_seen, num_tokens
update_norm | norm of the change of the weights in one step | | train/opt/update_rms
weight_decay | weight decay of the optimizer | | lr-AdamW-weight_decay
weight_hist | histogram of a layer's weights | | dense/kernel/histogram, parameters/fc1.weight
weight_norm_global | norm of the weights, of all or of one layer | | params-norm, train/opt/param_rms
"""
)
