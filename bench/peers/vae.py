"""The VAE 784-400-20-400-784 and its loss, in PyTorch: what both Python peers train.

Sigmoid in the decoder and binary cross-entropy of its output, summed, as the
exercise this product grew from has it. Not tuned; PyTorch's own modules only.
"""

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
        features = F.relu(self.encoder(images))
        mean = self.mean(features)
        log_variance = self.log_variance(features)
        deviation = torch.exp(0.5 * log_variance)
        latents = mean + torch.randn_like(deviation) * deviation
        reconstruction = torch.sigmoid(self.output(F.relu(self.decoder(latents))))
        return reconstruction, mean, log_variance


def vae_loss(model, images):
    """Cross-entropy and KL divergence, summed over the images."""
    reconstruction, mean, log_variance = model(images)
    cross_entropy = F.binary_cross_entropy(reconstruction, images, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return cross_entropy + divergence
