"""Hugging Face `generate` with its key-value cache, as a peer of ours.

Usage: generate_hf.py MODEL BATCH PROMPT NEW_TOKENS REPEATS

MODEL is a folder in Hugging Face's format. Prints one JSON line:
{"tokens_per_second": ...}.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM

FOLDER = sys.argv[1]
BATCH, PROMPT, NEW_TOKENS, REPEATS = map(int, sys.argv[2:6])
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(
    FOLDER, torch_dtype=torch.float32, attn_implementation="sdpa").eval()
ids = torch.randint(5, model.config.vocab_size - 5, (BATCH, PROMPT))
seconds = []
for _ in range(1 + REPEATS):
    start = time.perf_counter()
    model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False,
                   min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS,
                   pad_token_id=0)
    seconds.append(time.perf_counter() - start)
seconds = sorted(seconds[1:])
print(json.dumps({
    "tokens_per_second": BATCH * NEW_TOKENS / seconds[len(seconds) // 2],
}))
