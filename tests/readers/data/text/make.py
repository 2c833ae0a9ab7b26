import pathlib, textwrap


def w(name, s, raw=False):
    pathlib.Path(name).write_bytes(s if raw else textwrap.dedent(s).lstrip("\n").encode())


w(
    "megatron.log",
    """
using world size: 8, data-parallel size: 8, context-parallel size: 1, tensor-model-parallel size: 1
------------------------ arguments ------------------------
  adam_beta1 ...................................... 0.9
  lr .............................................. 0.0003
-------------------- end of arguments ---------------------
> building train, validation, and test datasets ...
[before the start of training step] datetime: 2024-01-02 03:03:58 
 [2024-01-02 03:04:05.678901] iteration      100/  500000 | consumed samples:        25600 | elapsed time per iteration (ms): 812.1 | throughput per GPU (TFLOP/s/GPU): 143.2 | learning rate: 2.000000E-05 | global batch size:   256 | lm loss: 7.123456E+00 | loss scale: 65536.0 | grad norm: 1.234 | num zeros: 12 | params norm: 123.4 | number of skipped iterations:   0 | number of nan iterations:   0 |
[Rank 0] (after 100 iterations) memory (MB) | allocated: 10240.5 | max allocated: 20480.25 | reserved: 22000.0 | max reserved: 22000.0
 [2024-01-02 03:05:26.888901] iteration      200/  500000 | consumed samples:        51200 | elapsed time per iteration (ms): 810.9 | throughput per GPU (TFLOP/s/GPU): 143.4 | learning rate: 4.000000E-05 | global batch size:   256 | lm loss: 6.500000E+00 | loss scale: 65536.0 | grad norm: 0.934 | num zeros: 10 | params norm: 124.0 | number of skipped iterations:   0 | number of nan iterations:   0 |
---------------------------------------------------------------------------------------------------
 validation loss at iteration 200 | lm loss value: 6.412000E+00 | lm loss PPL: 6.091100E+02 | 
---------------------------------------------------------------------------------------------------
 [2024-01-02 03:06:48.000000] iteration      300/  500000 | consumed samples:        76800 | elapsed time per iteration (ms): 811.0 | throughput per GPU (TFLOP/s/GPU): 143.3 | learning rate: 6.000000E-05 | global batch size:   256 | loss scale: 32768.0 | grad norm: nan | num zeros: 0 | params norm: nan | number of skipped iterations:   1 | number of nan iterations:  99 |
""",
)
w(
    "deepspeed.log",
    """
[2024-01-02 03:04:05,678] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=3, lr=[1e-05, 1e-05], mom=[(0.9, 0.999), (0.9, 0.999)]
[2024-01-02 03:04:05,680] [INFO] [timer.py:215:stop] epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=12.5, CurrSamplesPerSec=13.25, MemAllocated=2.5GB, MaxMemAllocated=4.75GB
[2024-01-02 03:04:06,100] [INFO] [loss_scaler.py:183:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, reducing to 32768
[2024-01-02 03:04:07,678] [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=4, lr=[2e-05, 2e-05], mom=[(0.9, 0.999), (0.9, 0.999)]
[2024-01-02 03:04:07,680] [INFO] [timer.py:215:stop] epoch=0/micro_step=20/global_step=20, RunningAvgSamplesPerSec=12.75, CurrSamplesPerSec=13.5, MemAllocated=2.5GB, MaxMemAllocated=4.75GB
[2024-01-02 03:04:09,678] [INFO] [logging.py:96:log_dist] [Rank 0] step=30, skipped=4, lr=[3e-05, 3e-05], mom=[(0.9, 0.999), (0.9, 0.999)]
Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.
""",
)
w(
    "fairseq.log",
    """
2024-03-01 10:00:00 | INFO | fairseq_cli.train | Namespace(arch='transformer', lr=[0.0005])
2024-03-01 10:01:00 | INFO | train_inner | epoch 001:    100 / 1000 loss=9.1, nll_loss=8.2, ppl=300, wps=12345, ups=3.1, wpb=3982.3, bsz=128, num_updates=100, lr=1e-05, gnorm=2.1, clip=0, loss_scale=128, train_wall=30, gb_free=5, wall=40
2024-03-01 10:01:10 | INFO | fairseq.trainer | NOTE: gradient overflow detected, ignoring gradient, setting loss scale to: 64.0
2024-03-01 10:02:00 | INFO | train_inner | epoch 001:    201 / 1000 loss=8.3, nll_loss=7.2, ppl=147.03, wps=12400, ups=3.1, wpb=3982.3, bsz=128, num_updates=200, lr=2e-05, gnorm=1.9, clip=0, loss_scale=64, train_wall=30, gb_free=5, wall=72
2024-03-01 10:09:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 7.9 | nll_loss 6.9 | ppl 119.43 | wps 40000 | wpb 3000 | bsz 100 | num_updates 1000 | best_loss 7.9
2024-03-01 10:09:01 | INFO | train | epoch 001 | loss 8.6 | nll_loss 7.6 | ppl 194.01 | wps 12380 | ups 3.1 | wpb 3982.3 | bsz 128 | num_updates 1000 | lr 0.0001 | gnorm 1.7 | clip 0 | loss_scale 64 | train_wall 300 | gb_free 5 | wall 400
FloatingPointError: Minimum loss scale reached (0.0001). Your loss is probably exploding.
""",
)
w(
    "fairseq_json.log",
    """
2024-03-01 10:01:00 | INFO | train_inner | {"epoch": 1, "update": 0.1, "loss": "9.1", "nll_loss": "8.2", "ppl": "300", "wps": "12345", "num_updates": "100", "lr": "1e-05", "gnorm": "2.1", "loss_scale": "128", "wall": "40"}
2024-03-01 10:02:00 | INFO | train_inner | {"epoch": 1, "update": 0.2, "loss": "nan", "nll_loss": "nan", "ppl": "nan", "wps": "12345", "num_updates": "200", "lr": "2e-05", "gnorm": "inf", "loss_scale": "128", "wall": "72"}
2024-03-01 10:09:00 | INFO | valid | {"epoch": 1, "valid_loss": "7.9", "valid_nll_loss": "6.9", "valid_ppl": "119.43", "valid_num_updates": "1000"}
2024-03-01 10:09:01 | INFO | train | {"epoch": 1, "train_loss": "8.6", "train_nll_loss": "7.6", "train_num_updates": "1000", "train_lr": "0.0001", "train_gnorm": "1.7", "train_wall": "400"}
""",
)
w(
    "nanogpt.log",
    """
tokens per iteration will be: 491,520
number of parameters: 123.59M
num decayed parameter tensors: 50, with 123,532,032 parameters
step 0: train loss 10.9886, val loss 10.9897
iter 0: loss 10.9766, time 22640.22ms, mfu -100.00%
iter 10: loss 10.3687, time 308.38ms, mfu 108.63%
iter 20: loss nan, time 309.00ms, mfu 108.60%
step 20: train loss 9.1234, val loss nan
saving checkpoint to out
""",
)
w(
    "nanochat.log",
    """
step 00000/05000 (0.00%) | loss: 11.090355 | lrm: 1.00 | dt: 4120.11ms | tok/sec: 127,200 | bf16_mfu: 4.12 | total time: 0.00m
Step 00000 | Validation bpb: 3.212345
step 00001/05000 (0.02%) | loss: 10.812345 | lrm: 1.00 | dt: 412.11ms | tok/sec: 1,272,000 | bf16_mfu: 41.20 | total time: 0.01m
step 00002/05000 (0.04%) | loss: 10.512345 | lrm: 1.00 | dt: 411.00ms | tok/sec: 1,273,001 | bf16_mfu: 41.30 | total time: 0.02m
Step 00002 | Validation bpb: 0.912345
""",
)
w(
    "modded_nanogpt.log",
    """
step:0/1750 val_loss:10.8258 train_time:0ms step_avg:nanms
step:1/1750 train_time:100ms step_avg:100.01ms
step:125/1750 val_loss:4.1234 train_time:9876ms step_avg:79.01ms
step:250/1750 val_loss:3.8234 train_time:19876ms step_avg:79.50ms
""",
)
w(
    "llmc_main.log",
    """
s:0 tel:10.9900
s:0 trl:10.98 lr:0.000001 norm:15.23
s:1 trl:10.91 lr:0.000002 norm:14.02
s:250 tel:5.1234
s:250 eval:0.2875
s:250 trl:5.12 lr:0.000600 norm:1.23
""",
)
w(
    "llmc_stdout.txt",
    """
val loss 10.990000
step    1/19560 | loss 10.991211 (+nanz)| norm 15.2312 (+nanz)| lr 8.57e-07 | 1812.11 ms | 20.1% bf16 MFU | 289123 tok/s
step    2/19560 | loss 10.954321 (-0.12z)| norm 14.0213 (+1.02z)| lr 1.71e-06 | 812.11 ms | 45.1% bf16 MFU | 645123 tok/s
val loss 9.870000
step    3/19560 | loss 10.854321 (-0.32z)| norm 13.0213 (+1.02z)| lr 2.57e-06 | 812.00 ms | 45.1% bf16 MFU | 645200 tok/s
""",
)
w(
    "torchtitan.log",
    """
[rank0]:[titan] 2024-10-02 03:04:05,678 - root - INFO - Starting job: Llama 3 8B training
[rank0]:[titan] 2024-10-02 03:04:15,678 - root - INFO - \x1b[31mstep:  1  \x1b[32mloss: 12.25053  \x1b[33mgrad_norm:  3.1255  \x1b[34mmemory: 35.12GiB(36.97%)  \x1b[36mtps: 7,012  \x1b[35mtflops: 312.10  \x1b[36mmfu: 31.55%\x1b[0m
[rank0]:[titan] 2024-10-02 03:04:25,678 - root - INFO - \x1b[31mstep: 10  \x1b[32mloss:  7.12345  \x1b[33mgrad_norm:  1.2345  \x1b[34mmemory: 35.12GiB(36.97%)  \x1b[36mtps: 7,112  \x1b[35mtflops: 313.10  \x1b[36mmfu: 31.65%\x1b[0m
[rank0]:[titan] 2024-10-02 03:04:26,000 - root - WARNING - 3 CUDA memory allocation retries.
[rank0]:[titan] 2024-10-02 03:04:30,000 - root - INFO - validate step: 10  loss:  7.05000  memory: 35.12GiB(36.97%)  tps: 9,112
[rank0]:[titan] 2024-10-02 03:04:35,678 - root - INFO - step: 20  loss:  6.12345  grad_norm:  1.1345  memory: 35.12GiB(36.97%)  tps: 7,110  tflops: 313.00  mfu: 31.60%
""",
)
w(
    "torchtune.txt",
    """
Step 1 | loss:1.9123 lr:2e-06 tokens_per_second_per_gpu:1234.5 grad_norm:0.9 
Step 2 | loss:1.8123 lr:4e-06 tokens_per_second_per_gpu:1334.5 grad_norm:0.8 
Step 3 | loss:1.7123 lr:6e-06 tokens_per_second_per_gpu:1334.0 grad_norm:0.7 
""",
)
w(
    "litgpt.log",
    """
Epoch 1 | iter 1 step 0 | loss train: 3.214, val: n/a | iter time: 1212.11 ms
Epoch 1 | iter 2 step 1 | loss train: 3.104, val: n/a | iter time: 212.11 ms (step) remaining time: 0:10:22
iter 2: val loss 3.0512, val time: 1250.10 ms
Epoch 1 | iter 3 step 1 | loss train: 3.001, val: 3.051 | iter time: 210.00 ms
""",
)
w(
    "hf_v4.log",
    """
{'loss': 2.3104, 'grad_norm': 3.25, 'learning_rate': 9.7e-06, 'epoch': 0.27}
{'loss': 2.0, 'grad_norm': nan, 'learning_rate': 9.4e-06, 'epoch': 0.53}
{'eval_loss': 1.95, 'eval_runtime': 3.2, 'eval_samples_per_second': 31.0, 'epoch': 0.53}
{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 9.1e-06, 'epoch': 0.8}
{'train_runtime': 120.5, 'train_samples_per_second': 8.3, 'train_loss': 1.43, 'epoch': 0.8}
""",
)
w(
    "hf_v5_bars.log",
    b"""  0%|          | 0/300 [00:00<?, ?it/s]\r  3%|\xe2\x96\x8e         | 10/300 [00:03<01:28,  3.26it/s]\r                                                {'loss': '2.31', 'grad_norm': '1.2', 'learning_rate': '9.7e-06', 'epoch': '0.1'}
\r  3%|\xe2\x96\x8e         | 10/300 [00:03<01:28,  3.26it/s]\r  7%|\xe2\x96\x8b         | 20/300 [00:06<01:28,  3.16it/s]\r                                                {'loss': '2.11', 'grad_norm': '1.1', 'learning_rate': '9.4e-06', 'epoch': '0.2'}

  0%|          | 0/25 [00:00<?, ?it/s]\r 40%|\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88      | 10/25 [00:01<00:01, 9.9it/s]\r100%|\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88| 25/25 [00:02<00:00, 9.9it/s]\r{'eval_loss': '2.01', 'eval_runtime': '3.2', 'epoch': '0.2'}
\r 10%|\xe2\x96\x88         | 30/300 [00:12<01:28,  3.16it/s]\r                                                {'loss': '1.91', 'grad_norm': '1', 'learning_rate': '9.1e-06', 'epoch': '0.3'}
""",
    True,
)
B = b"\x08" * 40


def bar(i, rest):
    return b"\r\x1b[1m%d/4\x1b[0m \x1b[32m%s\x1b[0m\x1b[37m%s\x1b[0m %s" % (
        i,
        "━".encode() * 5 * i,
        "━".encode() * (20 - 5 * i),
        rest,
    )


w(
    "keras3.log",
    b"Epoch 1/3\n"
    + b"".join(
        (bar(i, b"\x1b[1m0s\x1b[0m 9ms/step - accuracy: 0.%d - loss: %s" % (i, b"2.%d" % (9 - i))) + B)
        for i in (1, 2, 3)
    )
    + bar(4, b"\x1b[1m1s\x1b[0m 12ms/step - accuracy: 0.4000 - loss: 2.5000 - val_accuracy: 0.4500 - val_loss: 2.4000")
    + b"\nEpoch 2/3\n"
    + bar(1, b"\x1b[1m0s\x1b[0m 9ms/step - accuracy: 0.5 - loss: 2.4")
    + B
    + bar(4, b"\x1b[1m0s\x1b[0m 10ms/step - accuracy: 0.5500 - loss: 2.1000 - val_accuracy: 0.5000 - val_loss: 2.2000")
    + b"\nEpoch 3/3\n"
    + bar(2, b"\x1b[1m0s\x1b[0m 9ms/step - accuracy: 0.6 - loss: nan")
    + b"\n",
    True,
)
w(
    "keras2.log",
    b"""Epoch 1/2
  1/100 [..............................] - ETA: 45s - loss: 2.3026 - accuracy: 0.0938\x08\x08\x08\x08\x08\x08\x08\x08\x08 50/100 [=============>................] - ETA: 1s - loss: 1.9026 - accuracy: 0.2938\x08\x08\x08\x08\x08\x08100/100 [==============================] - 2s 20ms/step - loss: 1.5000 - accuracy: 0.4500 - val_loss: 1.4000 - val_accuracy: 0.5000
Epoch 2/2
100/100 [==============================] - 2s 19ms/step - loss: 1.2000 - accuracy: 0.5500 - val_loss: 1.3000 - val_accuracy: 0.5400
""",
    True,
)
w(
    "timm.log",
    """
Train: 0 [   0/1251 (  0%)]  Loss: 6.947 (6.95)  Time: 12.112s,   21.14/s  (12.112s,   21.14/s)  LR: 1.000e-06  Data: 9.210 (9.210)
Train: 0 [1250/1251 (100%)]  Loss: 6.900 (6.92)  Time: 0.312s,  820.51/s  (0.320s,  800.51/s)  LR: 1.000e-06  Data: 0.010 (0.012)
Test: [   0/48]  Time: 5.012 (5.012)  Loss:   6.9020 ( 6.9020)  Acc@1:   0.1000 (  0.1000)  Acc@5:   0.5000 (  0.5000)
Test: [  48/48]  Time: 0.112 (0.312)  Loss:   6.8020 ( 6.8520)  Acc@1:   0.9000 (  0.8000)  Acc@5:   2.5000 (  2.4000)
Train: 1 [   0/1251 (  0%)]  Loss: 6.847 (6.85)  Time: 9.112s,   28.14/s  (9.112s,   28.14/s)  LR: 2.000e-04  Data: 8.210 (8.210)
Test: [  48/48]  Time: 0.112 (0.312)  Loss:   5.8020 ( 5.8520)  Acc@1:   9.9000 (  9.8000)  Acc@5:  22.5000 ( 22.4000)
""",
)
w(
    "torchvision.log",
    """
Epoch: [0]  [   0/1251]  eta: 1:06:01  lr: 0.1  img/s: 80.1  loss: 7.1 (7.1)  acc1: 0.0 (0.0)  time: 3.1  data: 2.01  max mem: 9000
Epoch: [0]  [ 100/1251]  eta: 0:06:01  lr: 0.1  img/s: 810.1  loss: 6.9 (7.0)  acc1: 0.5 (0.3)  time: 0.31  data: 0.01  max mem: 9000
Epoch: [0] Total time: 0:06:32
Test:   [ 0/79]  eta: 0:02:01  loss: 6.8 (6.8)  acc1: 1.0 (1.0)  time: 1.5  data: 1.4  max mem: 9000
Test:   [78/79]  eta: 0:00:00  loss: 6.7 (6.75)  acc1: 1.5 (1.25)  time: 0.1  data: 0.0  max mem: 9000
Test:  Acc@1 1.250 Acc@5 4.000
Epoch: [1]  [   0/1251]  eta: 1:01:01  lr: 0.1  img/s: 82.1  loss: 6.5 (6.5)  acc1: 2.0 (2.0)  time: 2.9  data: 1.9  max mem: 9000
""",
)
w(
    "mae.log",
    """
Epoch: [0]  [   0/1251]  eta: 2:00:01  lr: 0.000000  loss: 1.9012 (1.9012)  time: 5.7712  data: 4.1  max mem: 11000
Epoch: [0]  [1250/1251]  eta: 0:00:00  lr: 0.000004  loss: 1.2012 (1.4012)  time: 0.2712  data: 0.1  max mem: 11000
Averaged stats: lr: 0.000002  loss: 1.2012 (1.4010)
Epoch: [1]  [   0/1251]  eta: 1:50:01  lr: 0.000004  loss: 1.1912 (1.1912)  time: 4.7712  data: 4.0  max mem: 11000
Averaged stats: lr: 0.000006  loss: 1.0012 (1.1010)
""",
)
w(
    "imagenet.log",
    """
Epoch: [0][   10/5005]\tTime  0.312 ( 1.012)\tData  0.012 ( 0.212)\tLoss 6.9123e+00 (7.0100e+00)\tAcc@1   0.39 (  0.20)\tAcc@5   1.17 (  0.90)
Epoch: [0][   20/5005]\tTime  0.310 ( 0.712)\tData  0.010 ( 0.112)\tLoss 6.8123e+00 (6.9100e+00)\tAcc@1   0.78 (  0.30)\tAcc@5   1.57 (  1.10)
Test: [195/196]\tTime  0.090 ( 0.112)\tLoss 5.1123e+00 (5.5100e+00)\tAcc@1  10.78 (  9.30)\tAcc@5  21.57 ( 20.10)
 *   Acc@1 9.310 Acc@5 20.120
Epoch: [1][   10/5005]\tTime  0.312 ( 1.012)\tData  0.012 ( 0.212)\tLoss 5.9123e+00 (6.0100e+00)\tAcc@1   5.39 (  5.20)\tAcc@5   15.17 ( 14.90)
""",
)
w(
    "mnist.txt",
    """
Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300039
Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.213470

Test set: Average loss: 0.0587, Accuracy: 9805/10000 (98%)

Train Epoch: 2 [0/60000 (0%)]\tLoss: 0.100039
Train Epoch: 2 [640/60000 (1%)]\tLoss: 0.053470

Test set: Average loss: 0.0412, Accuracy: 9865/10000 (99%)
""",
)
w(
    "cyclegan_loss_log.txt",
    """
================ Training Loss (Thu Feb  1 10:00:00 2024) ================
(epoch: 1, iters: 100, time: 0.312, data: 0.101) D_A: 0.312 G_A: 0.410 cycle_A: 1.200 idt_A: 0.500 
(epoch: 1, iters: 200, time: 0.310, data: 0.001) D_A: 0.212 G_A: 0.310 cycle_A: 1.100 idt_A: 0.400 
(epoch: 2, iters: 100, time: 0.311, data: 0.001) D_A: 0.202 G_A: 0.300 cycle_A: 1.000 idt_A: 0.300 
================ Training Loss (Thu Feb  1 12:00:00 2024) ================
(epoch: 2, iters: 100, time: 0.400, data: 0.200) D_A: 0.222 G_A: 0.330 cycle_A: 1.010 idt_A: 0.330 
(epoch: 2, iters: 200, time: 0.311, data: 0.001) D_A: 0.192 G_A: 0.290 cycle_A: 0.900 idt_A: 0.280 
""",
)
w(
    "detectron2.txt",
    """
[05/31 13:52:29 d2.engine.train_loop]: Starting training from iteration 0
[05/31 13:52:39 d2.utils.events]:  eta: 0:11:22  iter: 19  total_loss: 4.712  loss_cls: 4.301  loss_box_reg: 0.0112    time: 0.4012  last_time: 0.3990  data_time: 0.0123  last_data_time: 0.0021   lr: 2e-05  max_mem: 2345M
[05/31 13:52:49 d2.utils.events]:  eta: 1 day, 0:11:02  iter: 39  total_loss: 3.712  loss_cls: 3.301  loss_box_reg: 0.0212    time: 0.4002  last_time: 0.3990  data_time: 0.0103  last_data_time: 0.0021   lr: 4e-05  max_mem: 2345M
ERROR [05/31 13:52:59 d2.engine.train_loop]: Exception during training:
Traceback (most recent call last):
  File "train_loop.py", line 149, in train
    self.run_step()
  File "train_loop.py", line 288, in _detect_anomaly
    raise FloatingPointError(
FloatingPointError: Loss became infinite or NaN at iteration=45!
loss_dict = {'loss_cls': nan}
""",
)
w(
    "mmdet.log",
    """
2021-08-12 19:07:05,344 - mmdet - INFO - workflow: [('train', 1)], max: 12 epochs
2021-08-12 19:07:24,634 - mmdet - INFO - Epoch [1][50/100]\tlr: 1.978e-03, eta: 3 days, 3:03:21, time: 0.384, data_time: 0.059, memory: 3790, loss_cls: 0.7437, acc: 89.6641, loss: 1.5276
2021-08-12 19:07:54,634 - mmdet - INFO - Epoch [1][100/100]\tlr: 2.978e-03, eta: 3 days, 1:03:21, time: 0.380, data_time: 0.009, memory: 3790, loss_cls: 0.5437, acc: 90.6641, loss: 1.2276
2021-08-12 19:08:54,634 - mmdet - INFO - Epoch(val) [1][500]\tbbox_mAP: 0.1230, bbox_mAP_50: 0.2510
2021-08-12 19:09:24,634 - mmdet - INFO - Epoch [2][50/100]\tlr: 3.978e-03, eta: 3 days, 0:03:21, time: 0.381, data_time: 0.010, memory: 3790, loss_cls: 0.4437, acc: 91.6641, loss: 1.1276
""",
)
w(
    "mmengine.log",
    """
2023/02/13 11:05:40 - mmengine - INFO - Epoch(train)  [1][  50/7330]  lr: 1.9820e-03  eta: 19:09:32  time: 0.7848  data_time: 0.0108  memory: 6220  loss: 1.2345  loss_cls: 0.6345  loss_bbox: 0.6000
2023/02/13 11:06:20 - mmengine - INFO - Epoch(train)  [1][ 100/7330]  lr: 3.9840e-03  eta: 19:01:32  time: 0.7748  data_time: 0.0098  memory: 6220  loss: 1.1345  loss_cls: 0.5345  loss_bbox: 0.6000
2023/02/13 12:40:20 - mmengine - INFO - Epoch(val)  [1][ 50/5000]    eta: 0:05:10  time: 0.0628  data_time: 0.0021  memory: 512
2023/02/13 12:45:20 - mmengine - INFO - Epoch(val) [1][5000/5000]    coco/bbox_mAP: 0.1660  coco/bbox_mAP_50: 0.3010  data_time: 0.0011  time: 0.0511
2023/02/13 12:46:20 - mmengine - INFO - Epoch(train)  [2][  50/7330]  lr: 2.0000e-02  eta: 17:01:32  time: 0.7750  data_time: 0.0100  memory: 6220  loss: 0.9345  loss_cls: 0.4345  loss_bbox: 0.5000
""",
)
w(
    "lightning.log",
    b"""Epoch 0:   0%|          | 0/100 [00:00<?, ?it/s]\rEpoch 0:  50%|\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88     | 50/100 [00:05<00:05, 10.0it/s, v_num=3, train_loss=2.310]\rEpoch 0: 100%|\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88| 100/100 [00:10<00:00, 10.0it/s, v_num=3, train_loss=2.110]
Validation: |          | 0/? [00:00<?, ?it/s]\rValidation DataLoader 0: 100%|\xe2\x96\x88\xe2\x96\x88| 10/10 [00:01<00:00, 9.9it/s]
Epoch 0: 100%|\xe2\x96\x88\xe2\x96\x88| 100/100 [00:11<00:00, 9.0it/s, v_num=3, train_loss=2.110, val_loss=2.050]
Epoch 1:  50%|\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88     | 50/100 [00:05<00:05, 10.0it/s, v_num=3, train_loss=1.910, val_loss=2.050]
""",
    True,
)
w(
    "tables.txt",
    """
Logging to /tmp/openai
------------------------
| grad_norm | 46.2     |
| loss      | 0.905    |
| step      | 0        |
------------------------
------------------------
| eval_loss | 0.638    |
------------------------
------------------------
| grad_norm | 9.43     |
| loss      | 0.514    |
| step      | 20       |
------------------------
""",
)
w(
    "sb3.txt",
    """
Using cpu device
---------------------------------
| rollout/           |          |
|    ep_len_mean     | 22.1     |
|    ep_rew_mean     | 22.1     |
| time/              |          |
|    fps             | 2200     |
|    iterations      | 1        |
|    total_timesteps | 2048     |
---------------------------------
-----------------------------------------
| rollout/                |             |
|    ep_rew_mean          | 26.4        |
| time/                   |             |
|    fps                  | 1500        |
|    iterations           | 2           |
|    total_timesteps      | 4096        |
| train/                  |             |
|    approx_kl            | 0.008530011 |
|    value_loss           | 52.9        |
-----------------------------------------
""",
)
w(
    "generic.log",
    """
2024-05-01 12:00:00,000 - INFO - __main__ - Loaded 60000 samples in 3.2 s
2024-05-01 12:00:10,500 - INFO - trainer - [Epoch 1/10] train_loss=2.3012 train_acc=0.1123 val_loss=2.2001 val_acc=0.2001 lr=1.00e-03 (12.3s)
2024-05-01 12:00:20,500 - INFO - trainer - [Epoch 2/10] train_loss=1.9012 train_acc=0.3123 val_loss=1.8001 val_acc=0.4001 lr=1.00e-03 (12.1s)
2024-05-01 12:00:30,500 - INFO - trainer - [Epoch 3/10] train_loss=inf train_acc=0.1000 val_loss=nan val_acc=0.1000 lr=1.00e-03 (12.0s)
""",
)
w(
    "darts.txt",
    """
01/14 03:15:29 PM args = Namespace(data='../data', batch_size=64)
01/14 03:16:04 PM epoch 0 lr 2.500000e-02
01/14 03:16:07 PM train 000 2.329854e+00 10.937500 56.250000
01/14 03:16:55 PM train 050 2.107612e+00 20.649511 71.844368
01/14 03:22:24 PM train_acc 30.970268
01/14 03:22:30 PM valid 000 1.608080e+00 28.125000 92.187500
01/14 03:22:56 PM valid_acc 38.371998 | valid_obj 1.669160
01/14 03:22:57 PM epoch 1 lr 2.495266e-02
01/14 03:23:00 PM train 000 1.757319e+00 67.187500 98.437500
""",
)
w(
    "restart.log",
    """
[2024-01-02 03:04:05] INFO step 10 | loss 3.0 | lr 1e-3
[2024-01-02 03:04:06] INFO step 20 | loss 2.5 | lr 1e-3
[2024-01-02 03:04:07] INFO step 30 | loss 2.2 | lr 1e-3
[rank1]: torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 79.15 GiB total capacity)
slurmstepd: error: *** JOB 123456 ON node1 CANCELLED AT 2024-01-02T03:05:00 DUE TO TIME LIMIT ***
=== Training started ===
[2024-01-02 04:04:06] INFO step 20 | loss 2.6 | lr 1e-3
[2024-01-02 04:04:07] INFO step 30 | loss 2.1 | lr 1e-3
""",
)
