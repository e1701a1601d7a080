"""The VAE 784-400-20-400-784 and its loss, in PyTorch: what all Python peers train.

Sigmoid in the decoder and binary cross-entropy of its output, summed, as the
exercise this product grew from has it. Not tuned; PyTorch's own modules only.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


class Vae(nn.Module):
    def __init__(self, pixels=784, hidden=400, latent=20):
        super().__init__()
        self.encoder = nn.Linear(pixels, hidden)
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decoder = nn.Linear(latent, hidden)
        self.output = nn.Linear(hidden, pixels)

    def forward(self, images):
        logits, mean, log_variance = self.logits(images)
        return torch.sigmoid(logits), mean, log_variance

    def logits(self, images):
        """What the sigmoid takes, in place of the reconstruction."""
        features = F.relu(self.encoder(images))
        mean = self.mean(features)
        log_variance = self.log_variance(features)
        deviation = torch.exp(0.5 * log_variance)
        latents = mean + torch.randn_like(deviation) * deviation
        return self.output(F.relu(self.decoder(latents))), mean, log_variance


def vae_loss(model, images):
    """Cross-entropy and KL divergence, summed over the images."""
    reconstruction, mean, log_variance = model(images)
    cross_entropy = F.binary_cross_entropy(reconstruction, images, reduction="sum")
    return cross_entropy + divergence(mean, log_variance)


def vae_loss_of_logits(model, images):
    """The same, the sigmoid within the cross-entropy: fewer kernels."""
    logits, mean, log_variance = model.logits(images)
    cross_entropy = F.binary_cross_entropy_with_logits(logits, images, reduction="sum")
    return cross_entropy + divergence(mean, log_variance)


def divergence(mean, log_variance):
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())


def read_images(folder):
    content = (Path(folder) / "train-images-idx3-ubyte").read_bytes()
    pixels = torch.frombuffer(bytearray(content[16:]), dtype=torch.uint8)
    return pixels.reshape(-1, 784).float() / 255


def describe_pytorch():
    """Version, threads and the BLAS behind it: Debian's build takes whichever is installed."""
    return f"PyTorch {torch.__version__}, {blas_name()}, {torch.get_num_threads()} threads"


def blas_name():
    if torch.backends.mkl.is_available():
        return "MKL"
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return "unknown BLAS"
    # As resolved: libblas.so.3.11.0 is the slow reference, libopenblas.* is OpenBLAS.
    paths = {line.split()[-1] for line in maps.splitlines() if "blas" in line}
    return ", ".join(sorted(Path(path).parent.name + "/" + Path(path).name for path in paths)) or "unknown BLAS"
