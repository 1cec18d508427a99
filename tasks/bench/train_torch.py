"""PyTorch's training step of a plain decoder, as a peer of ours.

Usage: train_torch.py THREADS, then requests as in serve.py.

The same decoder (RMSNorm, RoPE, SwiGLU, tied embeddings, no biases), loss and
AdamW on all weights, in eager mode; precision bf16 is PyTorch's autocast.
"""
import torch
import torch.nn.functional as F
from torch import nn

from serve import serve


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


class Block(nn.Module):
    def __init__(self, hidden, heads, intermediate):
        super().__init__()
        self.head_count = heads
        self.norm1 = nn.Parameter(torch.ones(hidden))
        self.norm2 = nn.Parameter(torch.ones(hidden))
        self.q, self.k, self.v, self.o = (
            linear(hidden, hidden) for _ in range(4))
        self.gate = linear(hidden, intermediate)
        self.up = linear(hidden, intermediate)
        self.down = linear(intermediate, hidden)

    def forward(self, x, cos, sin):
        batch, length, hidden = x.shape

        def rotate(x):
            a, b = x.chunk(2, -1)
            return x * cos + torch.cat([-b, a], -1) * sin

        def heads(x):
            return x.view(batch, length, self.head_count, -1).transpose(1, 2)

        h = rms_norm(x, self.norm1)
        q, k, v = rotate(heads(self.q(h))), rotate(heads(self.k(h))), heads(self.v(h))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(attended.transpose(1, 2).reshape(batch, length, hidden))
        h = rms_norm(x, self.norm2)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Decoder(nn.Module):
    def __init__(self, vocabulary, hidden, layers, heads, intermediate, length):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(
            Block(hidden, heads, intermediate) for _ in range(layers))
        self.norm = nn.Parameter(torch.ones(hidden))
        width = hidden // heads
        frequencies = 1 / (10000 ** (torch.arange(0, width, 2) / width))
        angles = torch.outer(torch.arange(length).float(), frequencies)
        angles = torch.cat([angles, angles], -1)
        self.cos, self.sin = angles.cos(), angles.sin()

    def forward(self, ids):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        return rms_norm(x, self.norm) @ self.embedding.weight.t()


def prepare(rate, rows, precision, vocabulary, **shape):
    ids = torch.tensor(rows)
    inputs, targets = ids[:, :-1], ids[:, 1:].flatten()
    model = Decoder(vocabulary=vocabulary, length=inputs.shape[1], **shape)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)

    autocast = torch.autocast(
        "cpu", torch.bfloat16, enabled=precision == "bf16")

    def run():
        with autocast:
            logits = model(inputs).view(-1, vocabulary)
            loss = F.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run


serve(prepare)
