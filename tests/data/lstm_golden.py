"""Writes lstm_golden.safetensors: PyTorch's LSTM and its gradients on 64 small layers, computed in double precision.

    python -m venv venv && venv/bin/pip install numpy torch==2.15.0 && venv/bin/python lstm_golden.py

Inputs, weights, states and pulls are not in the file: script and test draw them by the same formula. Each case has a
seed; each of its tensors a stream, by its place in DRAWN; value k of a stream is

    z = (seed * 64 + stream) * 2^32 + k, then splitmix64's mixing of z + 0x9E3779B97F4A7C15, all modulo 2^64
    value = ((mixed >> 40) / 2^24 - 0.5) * scale                     (exact in f32; scale a power of two)

`keep` is special: 0 where the draw of scale 1 lies below -0.3, else 1, and only in every third case (else all 1): where
it is 0 the carried state is forgotten before the slot.

The file holds, for case NN: `NN.outputs` [steps, batch, units], `NN.hidden` and `NN.cell` (the last states), and the
gradients of sum(outputs * pull) + sum(hidden * pull_hidden) + sum(cell * pull_cell): `NN.d_x`, `NN.d_hidden`, `NN.d_cell`
(of the states carried in), `NN.d_input` [inputs, 4 units], `NN.d_recurrent` [units, 4 units], `NN.d_bias`. Gates lie side by
side in the order i, f, g, o, which is PyTorch's too; its weights are ours transposed, its two biases add up to ours. The
header's metadata gives each case as "steps batch inputs units seed keep".
"""

import json
import pathlib
import struct

import numpy as np
import torch

assert torch.__version__.split("+")[0] == "2.15.0", torch.__version__

CASES = 64
DRAWN = ["x", "input", "recurrent", "bias", "hidden", "cell", "pull", "pull_hidden", "pull_cell", "keep"]
SCALES = [2, 1, 1, 1, 2, 2, 2, 2, 2, 1]
MASK = (1 << 64) - 1


def draw(seed, name, *shape):
    """Numbers of a stream, by the formula above."""
    stream = DRAWN.index(name)
    first = ((seed * 64 + stream) << 32) + 0x9E3779B97F4A7C15 & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(first) + np.arange(np.prod(shape), dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    values = ((z >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5) * SCALES[stream]
    assert np.array_equal(values, values.astype(np.float32))
    return torch.tensor(values.reshape(shape), dtype=torch.float64)


def shape(case):
    """Steps 1 to 20, batch 1 to 9, inputs and units 1 to 40, the small ones more often; a few by hand."""
    by_hand = {0: (1, 1, 1, 1), 1: (20, 9, 40, 40), 2: (3, 8, 16, 32), 3: (5, 1, 31, 17), 4: (2, 9, 1, 40), 5: (20, 1, 40, 1)}
    if case in by_hand:
        return by_hand[case]
    u = draw(1000 + case, "x", 4).numpy() / 2 + 0.5
    return tuple(1 + int(most * share**1.6) for most, share in zip((20, 9, 40, 40), u))


def run(steps, batch, inputs, units, seed, keeps):
    """What PyTorch finds: name to tensor."""
    x = draw(seed, "x", steps, batch, inputs).requires_grad_()
    input_weights = draw(seed, "input", inputs, 4 * units).requires_grad_()
    recurrent = draw(seed, "recurrent", units, 4 * units).requires_grad_()
    bias = draw(seed, "bias", 4 * units).requires_grad_()
    first = [draw(seed, name, batch, units).requires_grad_() for name in ("hidden", "cell")]
    keep = torch.ones(steps, batch, 1, dtype=torch.float64)
    if keeps:
        keep = (draw(seed, "keep", steps, batch, 1) >= -0.3).double()
    lstm = torch.nn.LSTM(inputs, units, dtype=torch.float64)
    weights = {
        "weight_ih_l0": input_weights.T,
        "weight_hh_l0": recurrent.T,
        "bias_ih_l0": bias,
        "bias_hh_l0": torch.zeros_like(bias),
    }

    def call(part, states):
        return torch.func.functional_call(lstm, weights, (part, tuple(s[None] for s in states)))

    if keeps:
        outputs, states = [], first
        for t in range(steps):
            y, states = call(x[t : t + 1], [s * keep[t] for s in states])
            states = [s[0] for s in states]
            outputs.append(y)
        outputs = torch.cat(outputs)
    else:
        outputs, states = call(x, first)
        states = [s[0] for s in states]
    hidden, cell = states
    pulled = (outputs * draw(seed, "pull", steps, batch, units)).sum()
    pulled = pulled + (hidden * draw(seed, "pull_hidden", batch, units)).sum()
    pulled = pulled + (cell * draw(seed, "pull_cell", batch, units)).sum()
    gradients = torch.autograd.grad(pulled, [x, *first, input_weights, recurrent, bias])
    names = ["d_x", "d_hidden", "d_cell", "d_input", "d_recurrent", "d_bias"]
    return {"outputs": outputs, "hidden": hidden, "cell": cell, **dict(zip(names, gradients))}


def main():
    header = {"__metadata__": {"torch": "2.15.0"}}
    data = b""
    for case in range(CASES):
        keeps = case % 3 == 2
        dims, seed = shape(case), 1 + case
        header["__metadata__"][f"{case:02}"] = " ".join(str(n) for n in (*dims, seed, int(keeps)))
        for name, tensor in run(*dims, seed, keeps).items():
            part = tensor.detach().numpy().astype("<f4").tobytes()
            header[f"{case:02}.{name}"] = {
                "dtype": "F32",
                "shape": list(tensor.shape),
                "data_offsets": [len(data), len(data) + len(part)],
            }
            data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = pathlib.Path(__file__).with_name("lstm_golden.safetensors")
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(path.stat().st_size, "bytes")


main()
