"""Hugging Face `generate` with its key-value cache, as a peer of ours.

Usage: generate_hf.py THREADS, then requests as in serve.py.

The model of a request is a folder in Hugging Face's format; generation is
greedy and never ends early.
"""
import torch
import transformers
from transformers import AutoModelForCausalLM

from serve import serve


def prepare(model, prompts, length):
    model = AutoModelForCausalLM.from_pretrained(
        model, torch_dtype=torch.float32, attn_implementation="sdpa").eval()
    ids = torch.tensor(prompts)
    mask = torch.ones_like(ids)

    def run():
        output = model.generate(
            ids, attention_mask=mask, do_sample=False, max_new_tokens=length)
        return output[:, ids.shape[1]:].tolist()

    return run


serve(prepare, transformers=transformers.__version__)
