"""MemGen's released code, as a peer of ours.

Usage: official_memgen.py THREADS OFFICIAL, then requests as in serve.py.

OFFICIAL is a checkout of it. The base model of a request is a folder in
Hugging Face's format; weaver and trigger are untrained. Fixed are only the
places of the insertions, so that both sides do the same work: random tokens
seldom hold delimiters, and an untrained trigger decides at random.
"""
import sys
from collections import defaultdict
from types import SimpleNamespace

import peft
import torch
import transformers
import trl
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from serve import serve

sys.path.insert(0, sys.argv[2])
from memgen.model.configuration_memgen import MemGenConfig
from memgen.model.modeling_memgen import MemGenModel
from memgen.trainer.weaver_grpo_trainer import WeaverGRPOTrainer


def prepare(task, model, memgen, **work):
    base = [
        AutoModelForCausalLM.from_pretrained(
            model, torch_dtype=torch.float32, attn_implementation="sdpa")
        for _ in range(3)]
    tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
    # An end token that the model does not have: no row ends early.
    tokenizer.add_special_tokens({"eos_token": "<|never|>"})
    assert tokenizer.eos_token_id >= base[0].config.vocab_size
    config = MemGenConfig(**{**base[0].config.to_dict(), **memgen})
    model = MemGenModel(config, tokenizer, *base)
    return {"generate": prepare_generate, "train": prepare_train,
            "policy": prepare_policy}[task](model, **work)


def prepare_generate(model, prompts, length, every):
    ids = torch.tensor(prompts)
    mask = torch.ones_like(ids)
    generation = GenerationConfig(do_sample=False, max_new_tokens=length)
    generation.trigger_do_sample = generation.weaver_do_sample = False
    generation.temperature = 0.0

    def at_every(input_ids, tokenizer, delimiters):
        generated = input_ids.shape[1] - ids.shape[1]
        return torch.full((len(input_ids), 1), generated % every == 0)

    model.eval()
    model._check_ends_with_delimiter = at_every
    model._check_generate = lambda *_: None
    with torch.no_grad():
        # The trigger runs, and then says INVOKE.
        model.trigger.output_layer.bias.copy_(torch.tensor([0.0, 1e4]))

    def run():
        output = model.generate(ids, mask, generation)
        assert output.shape[1] == ids.shape[1] + length

    return run


def prepare_train(model, rows, points, rate):
    ids = torch.tensor(rows)
    labels = ids.clone()
    labels[:, :points[0]] = -100
    mask = torch.ones_like(ids)

    def loss():
        return model(input_ids=ids, attention_mask=mask, labels=labels).loss

    return prepare_step(model, points, rate, loss)


def prepare_policy(model, rows, points, rate, advantages, old):
    ids = torch.tensor(rows)
    prompts, completions = ids[:, :points[0]], ids[:, points[0]:]
    # The trainer without what it does to start: its loss needs no more.
    trainer = WeaverGRPOTrainer.__new__(WeaverGRPOTrainer)
    trainer.accelerator = SimpleNamespace(device="cpu", gather=lambda x: x)
    trainer.args = SimpleNamespace(delta=None)
    trainer.model = model
    trainer.model_kwarg_keys = ()
    trainer.temperature = 1.0
    trainer.beta = 0.0
    trainer.epsilon_low = trainer.epsilon_high = 0.2
    trainer.loss_type = "grpo"
    trainer._metrics = {"train": defaultdict(list)}
    mask = torch.ones_like(completions)
    inputs = {
        "prompt_ids": prompts,
        "prompt_mask": torch.ones_like(prompts),
        "completion_ids": completions,
        "completion_mask": mask,
        "advantages": torch.tensor(advantages),
        "old_per_token_logps": torch.tensor(old),
        "old_supervise_mask": mask,
        "ref_supervise_mask": None,
    }
    return prepare_step(
        model, points, rate, lambda: trainer._compute_loss(model, inputs))


def prepare_step(model, points, rate, loss):
    """An update of the weaver by a loss, with memory at these points."""
    model.train()
    model.fix_component("trigger")
    model.state = model.INSTRUCTION_STATE
    model._select_augment_points_after_delimiter = lambda *_: points
    model._postprocess_assistant_labels = lambda ids, labels, tokenizer: labels
    trained = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate)

    def run():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return run


serve(prepare, transformers=transformers.__version__, peft=peft.__version__,
      trl=trl.__version__)
