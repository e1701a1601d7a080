"""The exercise's training script as a contestant: how people first write it.

Its structure is kept: torchvision's MNIST with ToTensor, a DataLoader that
shuffles and runs in this process, the loss read back every step. Its plots and
prints are left out, and it gets as many threads as everyone: Debian's PyTorch
takes only one by itself on some machines.

Usage: seed_script.py ROOT THREADS (ROOT is torchvision's: the files are in ROOT/MNIST/raw)
"""

import sys
import time

import torch
import torchvision
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from turns import serve
from vae import Vae, describe_pytorch, vae_loss

BATCH = 128


def main():
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(1)
    train_data = datasets.MNIST(
        root=sys.argv[1], train=True, transform=transforms.ToTensor(), download=False
    )
    train_loader = DataLoader(train_data, batch_size=BATCH, shuffle=True)
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def train_epoch(steps):
        start = time.perf_counter()
        total_loss = 0.0
        images = 0
        for batch, _ in train_loader:
            batch = batch.view(-1, 784)
            loss = vae_loss(model, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total_loss += loss.item()
            images += len(batch)
            if steps is not None and images >= steps * BATCH:
                break
        return time.perf_counter() - start, images, total_loss / images

    train_epoch(5)
    description = f"{describe_pytorch()}, torchvision {torchvision.__version__}, DataLoader"
    serve(description, train_epoch)


if __name__ == "__main__":
    main()
