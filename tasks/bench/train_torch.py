"""PyTorch's training step of a plain decoder, as a peer of ours.

Usage: train_torch.py VOCABULARY HIDDEN LAYERS HEADS INTERMEDIATE LENGTH BATCH STEPS

The same decoder (RMSNorm, RoPE, SwiGLU, tied embeddings, no biases), loss and
AdamW on all weights. Prints one JSON line: {"tokens_per_second": ..., "loss": ...}.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

VOCABULARY, HIDDEN, LAYERS, HEADS, INTERMEDIATE, LENGTH, BATCH, STEPS = map(
    int, sys.argv[1:9])
WARMUP_STEPS = 2
torch.manual_seed(0)


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda a, b: nn.Linear(a, b, bias=False)
        self.norm1 = nn.Parameter(torch.ones(HIDDEN))
        self.norm2 = nn.Parameter(torch.ones(HIDDEN))
        self.q, self.k, self.v, self.o = (
            linear(HIDDEN, HIDDEN) for _ in range(4))
        self.gate = linear(HIDDEN, INTERMEDIATE)
        self.up = linear(HIDDEN, INTERMEDIATE)
        self.down = linear(INTERMEDIATE, HIDDEN)

    def forward(self, x, cos, sin):
        def rotate(x):
            a, b = x.chunk(2, -1)
            return x * cos + torch.cat([-b, a], -1) * sin

        def heads(x):
            return x.view(BATCH, LENGTH, HEADS, HIDDEN // HEADS).transpose(1, 2)

        h = rms_norm(x, self.norm1)
        q, k, v = rotate(heads(self.q(h))), rotate(heads(self.k(h))), heads(self.v(h))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(attended.transpose(1, 2).reshape(BATCH, LENGTH, HIDDEN))
        h = rms_norm(x, self.norm2)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.Parameter(torch.ones(HIDDEN))
        width = HIDDEN // HEADS
        frequencies = 1 / (10000 ** (torch.arange(0, width, 2) / width))
        angles = torch.outer(torch.arange(LENGTH).float(), frequencies)
        angles = torch.cat([angles, angles], -1)
        self.cos, self.sin = angles.cos(), angles.sin()

    def forward(self, ids):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        return rms_norm(x, self.norm) @ self.embedding.weight.t()


model = Decoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
ids = torch.randint(0, VOCABULARY, (BATCH, LENGTH + 1))
seconds = []
for _ in range(WARMUP_STEPS + STEPS):
    start = time.perf_counter()
    logits = model(ids[:, :-1])
    loss = F.cross_entropy(logits.view(-1, VOCABULARY), ids[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seconds.append(time.perf_counter() - start)
seconds = sorted(seconds[WARMUP_STEPS:])
print(json.dumps({
    "tokens_per_second": BATCH * LENGTH / seconds[len(seconds) // 2],
    "loss": loss.item(),
}))
