"""PyTorch as a contestant on a GPU: as people write it, compiled, and as one CUDA graph.

The dataset is one float tensor on the GPU and is shuffled there; losses are
added up there and read once an epoch. float32 throughout, no TF32. An epoch
is timed from a synchronised device to a synchronised device.

The last, smaller batch is trained on by every variant: eager takes it as it
is, torch.compile compiles for it as well (dynamic=False), and the CUDA graph
is captured once for either size.

Usage: pytorch_gpu.py FOLDER DEVICE VARIANT (FOLDER holds the plain IDX files;
DEVICE is cuda, or cpu to try everything but the graph)
"""

import sys
import time

import torch

from turns import declare_unavailable, serve
from vae import Vae, read_images, vae_loss, vae_loss_of_logits

BATCH = 128
COMPILE = {"mode": "reduce-overhead", "dynamic": False}


class Unavailable(Exception):
    """Why a variant cannot run here, in one line."""


class Loop:
    """The usual loop: a step a batch, each batch gathered by its share of a permutation."""

    def __init__(self, images, step):
        self.images = images
        self.step = step
        # Both sizes of batch, so that all compilation happens now; the GPU records a graph on the third call.
        for size in (BATCH, len(images) % BATCH or BATCH):
            for _ in range(5):
                step(images[:size].clone())

    def epoch(self):
        total = torch.zeros((), device=self.images.device)
        order = torch.randperm(len(self.images), device=self.images.device)
        for rows in order.split(BATCH):
            total += self.step(self.images[rows])
        return total


def eager(images):
    """Everything by default; Adam runs its foreach kernels on a GPU."""
    model = Vae().to(images.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(batch):
        optimizer.zero_grad()
        loss = vae_loss(model, batch)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Loop(images, step)


def compiled_step(images):
    """The whole step handed to torch.compile, which splits it where it must."""
    model = Vae().to(images.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, capturable=on_gpu(images))

    @torch.compile(**COMPILE)
    def compiled(batch):
        optimizer.zero_grad()
        loss = vae_loss(model, batch)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Loop(images, beginning_a_step(compiled))


def compiled_loss_and_adam(images):
    """Loss with its gradients, and the optimizer's step, each compiled."""
    model = Vae().to(images.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, capturable=on_gpu(images))
    loss_of = torch.compile(vae_loss, **COMPILE)
    update = torch.compile(optimizer.step, **COMPILE)

    def step(batch):
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        update()
        return loss.detach()

    return Loop(images, beginning_a_step(step))


def compiled_loss_fused_adam(images):
    """Loss with its gradients compiled; Adam in PyTorch's own fused kernel."""
    model = Vae().to(images.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = torch.compile(vae_loss, **COMPILE)

    def step(batch):
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Loop(images, beginning_a_step(step))


class CudaGraph:
    """A whole step in one CUDA graph: gathering, forward, backward, Adam, adding up the loss.

    The graph reads its place in the epoch from the GPU and moves it on, so a
    step is one replay and nothing else. `loss_of` takes the model, all images
    and the batch's rows.
    """

    def __init__(self, images, loss_of):
        if not on_gpu(images):
            raise Unavailable("a CUDA graph needs a CUDA device")
        device = images.device
        self.images = images
        self.loss_of = loss_of
        self.model = Vae().to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True, capturable=True)
        self.order = torch.randperm(len(images), device=device)
        self.position = torch.zeros((), dtype=torch.int64, device=device)
        self.total = torch.zeros((), device=device)
        self.offsets = []
        self.warm_up()
        self.whole = self.capture(BATCH) if len(images) >= BATCH else None
        rest = len(images) % BATCH
        self.last = self.capture(rest) if rest > 0 else None

    def step(self, offsets):
        rows = self.order.index_select(0, offsets + self.position)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_of(self.model, self.images, rows)
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()
        self.position += len(offsets)

    def warm_up(self):
        """On a stream of its own, as PyTorch's notes on CUDA graphs have it; both sizes, for the libraries' plans."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for size in (BATCH, len(self.images) % BATCH or BATCH):
                offsets = torch.arange(min(size, len(self.images)), device=self.images.device)
                for _ in range(3):
                    self.position.zero_()
                    self.step(offsets)
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()

    def capture(self, size):
        """Each graph has gradients of its own; weights and moments are the same tensors in both."""
        offsets = torch.arange(size, device=self.images.device)
        # A replay reads them where they are now.
        self.offsets.append(offsets)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(offsets)
        return graph

    def epoch(self):
        self.order.copy_(torch.randperm(len(self.images), device=self.images.device))
        self.position.zero_()
        self.total.zero_()
        for _ in range(len(self.images) // BATCH):
            self.whole.replay()
        if self.last is not None:
            self.last.replay()
        return self.total


def cuda_graph(images):
    def loss_of(model, images, rows):
        return vae_loss(model, images.index_select(0, rows))

    return CudaGraph(images, loss_of)


def loss_of_rows(model, images, rows):
    return vae_loss_of_logits(model, images.index_select(0, rows))


def cuda_graph_logits(images):
    return CudaGraph(images, loss_of_rows)


def cuda_graph_compiled(images):
    """What can be fused is: torch.compile without graphs of its own, within ours."""
    return CudaGraph(images, torch.compile(loss_of_rows, dynamic=False))


VARIANTS = {
    "eager": eager,
    "compiled-step": compiled_step,
    "compiled-loss-and-adam": compiled_loss_and_adam,
    "compiled-loss-fused-adam": compiled_loss_fused_adam,
    "cuda-graph": cuda_graph,
    "cuda-graph-logits": cuda_graph_logits,
    "cuda-graph-compiled": cuda_graph_compiled,
}


def on_gpu(images):
    return images.device.type == "cuda"


def beginning_a_step(step):
    """What a graph of torch.compile returned before may be overwritten from here on."""

    def marked(batch):
        torch.compiler.cudagraph_mark_step_begin()
        return step(batch)

    return marked


def synchronize(images):
    if on_gpu(images):
        torch.cuda.synchronize()


def timed_epochs(contestant):
    images = contestant.images

    def train_epoch(steps):
        if steps is not None:
            raise ValueError("an epoch here is a whole one")
        synchronize(images)
        start = time.perf_counter()
        total = contestant.epoch()
        synchronize(images)
        seconds = time.perf_counter() - start
        return seconds, len(images), total.item() / len(images)

    return train_epoch


def describe(device, variant):
    if device == "cpu":
        return f"PyTorch {torch.__version__}, {variant}, on the processor"
    name = torch.cuda.get_device_name()
    return f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, {variant}, {name}"


def main():
    folder, device, variant = sys.argv[1:]
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if device == "cuda" and not torch.cuda.is_available():
        declare_unavailable(f"PyTorch {torch.__version__} finds no CUDA device")
        return
    torch.manual_seed(1)
    try:
        contestant = VARIANTS[variant](read_images(folder).to(device))
        contestant.epoch()
        synchronize(contestant.images)
    except Unavailable as reason:
        declare_unavailable(str(reason))
        return
    except Exception as error:  # whatever a version lacks or a compiler needs
        # torch.compile gives the cause in its second line.
        declare_unavailable(" ".join(f"{type(error).__name__}: {error}".split("\n")[:2]))
        return
    serve(describe(device, variant), timed_epochs(contestant))


if __name__ == "__main__":
    main()
