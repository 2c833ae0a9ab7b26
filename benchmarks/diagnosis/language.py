"""A small transformer for the generated text, which tells how large its logits are."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Causal attention of two heads and two layers of ReLU. Normalised before each (as GPT-2), or after each sum."""

    def __init__(self, width: int, *, after: bool) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.after, self.scale, self.largest = after, (width // 2) ** -0.5, 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, length, width) in and out."""
        if self.after:
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.narrow(self.wide(x).relu()))
        x = x + self.attend(self.norm1(x))
        return x + self.narrow(self.wide(self.norm2(x)).relu())

    def attend(self, x: Tensor) -> Tensor:
        """Attention to what came before."""
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 2, -1).transpose(1, 2).chunk(3, -1)
        logits = self.scale * q @ k.transpose(-1, -2)
        self.largest = float(logits.detach().abs().max())
        ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
        mixed = logits.masked_fill(ahead, -torch.inf).softmax(-1) @ v
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class Transformer(nn.Module):
    """Symbols in, logits of the next symbol out at every place."""

    def __init__(self, symbols: int, *, layers: int, width: int = 32, after: bool = False) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(symbols, width), nn.Parameter(0.1 * torch.randn(12, width))
        self.blocks = nn.Sequential(*(Block(width, after=after) for _ in range(layers)))
        self.norm = nn.Identity() if after else nn.LayerNorm(width)
        self.head = nn.Linear(width, symbols)

    @property
    def logits(self) -> dict[str, float]:
        """The largest attention logit of each layer at the last forward pass."""
        layers = (block for block in self.blocks if isinstance(block, Block))
        return {f"attention{i}": block.largest for i, block in enumerate(layers)}

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape (batch, symbols, length), as cross_entropy wants them."""
        out: Tensor = self.head(self.norm(self.blocks(self.embed(x) + self.place))).transpose(1, 2)
        return out
