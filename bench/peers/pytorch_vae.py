"""PyTorch as a contestant: the fastest ways we know to train the VAE with it on a CPU.

The dataset is one float tensor; every epoch is a new permutation; no loader,
no transforms, no losses read back before the epoch's end. Not a product of
ours to tune: each variant is what PyTorch's documentation offers.

Usage: pytorch_vae.py FOLDER THREADS VARIANT (FOLDER holds the plain IDX files)
"""

import sys
import time

import torch

from turns import declare_unavailable, serve
from vae import Vae, describe_pytorch, read_images, vae_loss

BATCH = 128

# name: (options of Adam, compile the loss, compile the optimizer's step)
VARIANTS = {
    "eager": ({}, False, False),
    "eager-foreach": ({"foreach": True}, False, False),
    "eager-fused": ({"fused": True}, False, False),
    "compiled-loss": ({}, True, False),
    "compiled-loss-fused": ({"fused": True}, True, False),
    "compiled-loss-and-adam": ({}, True, True),
}


def create_step(variant):
    """A function that takes one optimizer step on a batch and returns its loss, detached."""
    adam_options, compile_loss, compile_adam = VARIANTS[variant]
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **adam_options)

    # dynamic=False: one compiled program for full batches and one for the last.
    loss_of = torch.compile(vae_loss, dynamic=False) if compile_loss else vae_loss
    update = torch.compile(optimizer.step) if compile_adam else optimizer.step

    def step(batch):
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        update()
        return loss.detach()

    return step


def create_epoch(images, step):
    def train_epoch(steps):
        start = time.perf_counter()
        order = torch.randperm(len(images))
        if steps is not None:
            order = order[: steps * BATCH]
        loss = torch.zeros(())
        for rows in order.split(BATCH):
            loss += step(images[rows])
        total = loss.item()
        return time.perf_counter() - start, len(order), total / len(order)

    return train_epoch


def main():
    folder, threads, variant = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    images = read_images(folder)
    try:
        step = create_step(variant)
        # Both sizes of batch, so that all compilation happens now.
        for size in (BATCH, len(images) % BATCH or BATCH):
            for _ in range(5):
                step(images[:size])
    except Exception as error:  # whatever a version lacks or a compiler needs
        declare_unavailable(f"{type(error).__name__}: {error}".splitlines()[0])
        return
    serve(f"{describe_pytorch()}, {variant}", create_epoch(images, step))


if __name__ == "__main__":
    main()
