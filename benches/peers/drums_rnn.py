"""Magenta's drums_rnn ("drum_kit"), written anew, trained on Groove and scored in bits a 16th step.

    python -m venv venv && venv/bin/pip install numpy==2.5.5 torch==2.15.0
    venv/bin/python drums_rnn.py --groove groove --work work      # trains until it has converged; run again, it goes on

The model, as Magenta's configuration has it: a step is one of 512 sets of drums; the input is the last step, one-hot,
and six bits that count steps, +1 or -1; three LSTM layers of 256; attention over the last 32 outputs of the first
layer, after Bahdanau, which is also mixed into that layer's next input and its output; dropout 0.5 on what each layer
hands up; a softmax over 512; Adam, gradients clipped to norm 3. Style, tempo and what was played longer ago than the
state remembers are not inputs: that is the design it stands for. 2.7 million parameters.

One thing differs. Magenta lets the attention look at the first layer's outputs with the attention's own answers already mixed
in. That is a linear loop without bound, and over long pieces with the state carried on it did run off to infinity in
training here. So the attention looks at the LSTM's outputs before that mixing, which are between -1 and 1.

What is done for it here beyond that, to its good: updates on 32 contiguous
streams cut into stretches of 64 steps with the state carried on (Magenta pads 128 sequences), which means many more
updates an epoch; first weights large enough for the signal to reach the top (with Glorot's, an epoch taught it nothing but how
often each step occurs); 100 updates of warm-up; scoring with an exponential average of the weights; the rate is cut
to a third when validation has not improved for --patience epochs, and training ends after the third such cut. The
figure is the best validation score of any epoch. The layer with attention has its backward pass written out (as
torch would derive it, `--check` compares), because its weights' gradients then are one product a stretch and not one a step.

--work keeps drums_rnn/progress.csv (a row an epoch), state.pt (to go on from) and best.pt. Times are CPU seconds of this
process too, since the machine may be shared.
"""

import argparse
import csv
import json
import math
import os
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import groove_grid

UNITS, LAYERS, ATTENTION, COUNTER = 256, 3, 32, 6
STREAMS, STRETCH = 32, 64
PADDING = -1


class Attending(torch.autograd.Function):
    """A stretch of the first layer.

    Arguments: x [T, B, 4H], the input's share of the gates; w [2H, 4H] from the attention's last answer and the last output
    to the gates; wq [2H, A] and bq from cell and output to the query; v [A]; wk [H, A] from an output to its key;
    h, c, a [B, H]; memory [L, B, H], the last outputs, oldest first. Returns each step's output and answer [T, B, 2H]
    and the next h, c, a and memory. State is not differentiated.
    """

    @staticmethod
    def forward(ctx, x, w, wq, bq, v, wk, h, c, a, memory):
        steps, batch, _ = x.shape
        length, _, units = memory.shape
        new = x.new_empty
        gates, cells, queried = new(steps, batch, 4 * units), new(steps + 1, batch, units), new(steps, batch, 2 * units)
        fed, handed = new(steps, batch, 2 * units), new(steps, batch, 2 * units)
        outputs = torch.cat([memory, new(steps, batch, units)])
        attention = wk.shape[1]
        keyed = torch.cat([memory @ wk, new(steps, batch, attention)])
        energies, weights = new(steps, length, batch, attention), new(steps, length, batch)
        cells[0] = c
        for t in range(steps):
            torch.cat([a, h], dim=1, out=fed[t])
            gate = torch.addmm(x[t], fed[t], w, out=gates[t])
            gate[:, : 3 * units].sigmoid_()
            gate[:, 3 * units :].tanh_()
            i, f, o, g = gate.split(units, dim=1)
            c = torch.mul(f, c, out=cells[t + 1]).addcmul_(i, g)
            h = o * c.tanh()
            torch.cat([c, h], dim=1, out=queried[t])
            query = torch.addmm(bq, queried[t], wq)
            energy = torch.add(keyed[t : t + length], query, out=energies[t]).tanh_()
            weight = torch.softmax(torch.mv(energy.view(-1, attention), v).view(length, batch), dim=0)
            weights[t] = weight
            a = torch.einsum("lb,lbh->bh", weight, outputs[t : t + length])
            torch.cat([h, a], dim=1, out=handed[t])
            outputs[length + t] = h
            torch.mm(h, wk, out=keyed[length + t])
        ctx.save_for_backward(w, wq, v, wk, gates, cells, queried, fed, outputs, energies, weights)
        left = outputs[-length:].clone()
        ctx.mark_non_differentiable(h, c, a, left)
        return handed, h, c, a, left

    @staticmethod
    def backward(ctx, up, *_):
        w, wq, v, wk, gates, cells, queried, fed, outputs, energies, weights = ctx.saved_tensors
        steps, batch, units = up.shape[0], up.shape[1], up.shape[2] // 2
        length, attention = weights.shape[1], v.shape[0]
        d_outputs = torch.zeros_like(outputs)
        d_outputs[length:] = up[..., :units]
        d_keyed = up.new_zeros(len(outputs), batch, attention)
        d_gates, d_queries = torch.empty_like(gates), up.new_empty(steps, batch, attention)
        d_v = torch.zeros_like(v)
        d_h, d_c, d_a = (up.new_zeros(batch, units) for _ in range(3))
        d_energy = torch.empty_like(energies[0])
        for t in reversed(range(steps)):
            window = slice(t, t + length)
            d_a = d_a + up[t, :, units:]
            weight, energy = weights[t], energies[t]
            pull = torch.einsum("bh,lbh->lb", d_a, outputs[window])
            d_outputs[window].addcmul_(weight.unsqueeze(-1), d_a)
            pull = weight * (pull - (weight * pull).sum(0))
            d_v.addmv_(energy.view(-1, attention).T, pull.reshape(-1))
            torch.square(energy, out=d_energy).neg_().add_(1.0).mul_(v).mul_(pull.unsqueeze(-1))
            d_keyed[window].add_(d_energy)
            torch.sum(d_energy, dim=0, out=d_queries[t])
            d_asked = d_queries[t] @ wq.T
            d_c = d_c + d_asked[:, :units]
            # This output was asked about by the steps after it, all of which are done.
            d_h = d_h + d_asked[:, units:] + d_outputs[length + t].addmm_(d_keyed[length + t], wk.T)
            i, f, o, g = gates[t].split(units, dim=1)
            squashed = cells[t + 1].tanh()
            d_c = d_c + d_h * o * (1.0 - squashed.square())
            d_gate = d_gates[t]
            torch.mul(d_c * g, i * (1.0 - i), out=d_gate[:, :units])
            torch.mul(d_c * cells[t], f * (1.0 - f), out=d_gate[:, units : 2 * units])
            torch.mul(d_h * squashed, o * (1.0 - o), out=d_gate[:, 2 * units : 3 * units])
            torch.mul(d_c * i, 1.0 - g.square(), out=d_gate[:, 3 * units :])
            d_fed = d_gate @ w.T
            d_a, d_h, d_c = d_fed[:, :units], d_fed[:, units:], d_c * f

        def product(a, b):
            return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])

        return (
            d_gates,
            product(fed, d_gates),
            product(queried, d_queries),
            d_queries.sum((0, 1)),
            d_v,
            product(outputs, d_keyed),
            None, None, None, None,
        )  # fmt: skip


class DrumsRnn(nn.Module):
    """Steps in, logits of 512 out. A state is a list of tensors, [.., B, H] each."""

    def __init__(self):
        super().__init__()
        inputs = groove_grid.CLASSES + COUNTER

        def matrix(rows, columns):
            return nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, columns)))

        def zeros(size):
            return nn.Parameter(torch.zeros(size))

        # Input and attention's answer are mixed back to the input's size before they reach the gates.
        self.mix, self.mix_bias = matrix(inputs + UNITS, inputs), zeros(inputs)
        # Gates in the order in, forget, out, new.
        self.gates, self.gates_bias = matrix(inputs + UNITS, 4 * UNITS), zeros(4 * UNITS)
        self.query, self.query_bias = matrix(2 * UNITS, UNITS), zeros(UNITS)
        self.key = matrix(UNITS, UNITS)
        self.energy = nn.Parameter((torch.rand(UNITS) * 2 - 1) * math.sqrt(3 / UNITS))
        self.out, self.out_bias = matrix(2 * UNITS, UNITS), zeros(UNITS)
        self.upper = nn.ModuleList(nn.LSTM(UNITS, UNITS) for _ in range(LAYERS - 1))
        self.head = nn.Linear(UNITS, groove_grid.CLASSES)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        with torch.no_grad():
            self.gates_bias[UNITS : 2 * UNITS] = 1.0
            # One of these rows is on at a time, and six of those: fan-in is 1 and 6, whatever the matrix' size.
            self.mix[: groove_grid.CLASSES].normal_(0.0, 1.0)
            self.mix[groove_grid.CLASSES : inputs].normal_(0.0, COUNTER**-0.5)
            self.out.normal_(0.0, UNITS**-0.5)
            for layer in self.upper:
                # Inputs are well below 1, so twice what would do for inputs of size 1.
                layer.weight_ih_l0.normal_(0.0, 2 * UNITS**-0.5)
                layer.weight_hh_l0.normal_(0.0, UNITS**-0.5)
                layer.bias_ih_l0.zero_()[UNITS : 2 * UNITS] = 1.0
                # torch has two biases where one does.
                layer.bias_hh_l0.zero_().requires_grad_(False)
        self.dropout = nn.Dropout(0.5)

    def start(self, streams):
        shapes = [(streams, UNITS)] * 3 + [(ATTENTION, streams, UNITS)] + [(1, streams, UNITS)] * (2 * LAYERS - 2)
        return [self.mix.new_zeros(shape) for shape in shapes]

    def forward(self, last, counter, state):
        """`last` [T, B], 512 where there is no step before; `counter` [T, B, 6]; `state` of the stretch before."""
        inputs = groove_grid.CLASSES + COUNTER
        # Mixing and gates are linear one after the other: the product of the two is cheaper than either on every step.
        both = self.mix @ self.gates[:inputs]
        steps = torch.cat([both[: groove_grid.CLASSES], torch.zeros_like(both[:1])])
        x = functional.embedding(last, steps) + counter @ both[groove_grid.CLASSES : inputs]
        x = x + (self.mix_bias @ self.gates[:inputs] + self.gates_bias)
        recurrent = torch.cat([both[inputs:], self.gates[inputs:]])
        y, *after = Attending.apply(
            x, recurrent, self.query, self.query_bias, self.energy, self.key, *state[:4]
        )
        y = y @ self.out + self.out_bias
        for n, layer in enumerate(self.upper):
            y, (h, c) = layer(self.dropout(y), (state[4 + 2 * n], state[5 + 2 * n]))
            after += [h.detach(), c.detach()]
        return self.head(self.dropout(y)), after


class Streams:
    """Pieces as stretches in parallel. A piece always begins a stretch, so that no state has to be cleared inside one."""

    def __init__(self, pieces, streams, shuffle):
        self.pieces, self.streams, self.shuffle = pieces, streams, shuffle
        self.queue, self.places = [], [None] * streams

    def stretches(self):
        """How many all pieces have together."""
        return sum(math.ceil(len(piece.steps) / STRETCH) for piece in self.pieces)

    def next(self):
        """last, counter, target, and which streams begin a piece; None when all is said (never, if shuffled)."""
        last = np.full((STRETCH, self.streams), groove_grid.CLASSES)
        target = np.full((STRETCH, self.streams), PADDING)
        count = np.zeros((STRETCH, self.streams), dtype=np.int64)
        fresh = np.zeros(self.streams, dtype=bool)
        for stream in range(self.streams):
            if self.places[stream] is None:
                if not self.queue and self.shuffle is not None:
                    self.queue = list(self.shuffle.permutation(len(self.pieces)))
                if not self.queue:
                    continue
                self.places[stream] = (int(self.queue.pop()), 0)
                fresh[stream] = True
            piece, at = self.places[stream]
            steps = self.pieces[piece].steps
            here = steps[at : at + STRETCH]
            target[: len(here), stream] = here
            last[: len(here), stream] = np.concatenate([[groove_grid.CLASSES] if at == 0 else steps[at - 1 : at], here[:-1]])
            count[:, stream] = np.arange(at, at + STRETCH)
            self.places[stream] = (piece, at + STRETCH) if at + STRETCH < len(steps) else None
        if (target == PADDING).all():
            return None
        bits = count[..., None] >> np.arange(COUNTER) & 1
        counter = torch.from_numpy((2 * bits - 1).astype(np.float32))
        return torch.from_numpy(last), counter, torch.from_numpy(target), torch.from_numpy(fresh)

    def state(self):
        """What `resume` needs to go on just here."""
        return self.queue, self.places, None if self.shuffle is None else self.shuffle.bit_generator.state

    def resume(self, state):
        self.queue, self.places, self.shuffle.bit_generator.state = state


def cleared(state, fresh):
    """The state, at rest in the streams where a piece begins."""
    keep = (~fresh).float().unsqueeze(-1)
    return [part * keep for part in state]


def loss(model, batch, state):
    """Sum of nats over the steps that are real, how many they are, and the next state."""
    last, counter, target, fresh = batch
    logits, state = model(last, counter, cleared(state, fresh))
    nats = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PADDING, reduction="sum")
    return nats, int((target != PADDING).sum()), state


@torch.no_grad()
def score(model, pieces, streams=62):
    """Bits a step, dropout off."""
    model.eval()
    source = Streams(pieces, min(streams, len(pieces)), None)
    # The longest first, or its stream would run on alone.
    source.queue = sorted(range(len(pieces)), key=lambda n: len(pieces[n].steps))
    state = model.start(source.streams)
    total, steps = 0.0, 0
    while (batch := source.next()) is not None:
        nats, real, state = loss(model, batch, state)
        total += float(nats)
        steps += real
    model.train()
    return total / steps / math.log(2)


class Averaged:
    """An exponential average of the weights; young, it forgets faster."""

    def __init__(self, model, keep):
        self.keep, self.seen = keep, 0
        self.model = DrumsRnn()
        self.model.load_state_dict(model.state_dict())

    @torch.no_grad()
    def take(self, model):
        self.seen += 1
        share = 1.0 - min(self.keep, self.seen / (self.seen + 9.0))
        pairs = zip(self.model.parameters(), model.parameters())
        for mine, theirs in pairs:
            mine.lerp_(theirs, share)


def save(path, what):
    torch.save(what, f"{path}.new")
    os.replace(f"{path}.new", path)


def train(pieces, scored, args, say=print):
    """Trains or goes on. Returns the best row of progress.csv and the seconds all epochs took."""
    folder = pathlib.Path(args.work) / "drums_rnn"
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    model = DrumsRnn()
    averaged = Averaged(model, args.average)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=args.rate, fused=True)
    source = Streams(pieces, STREAMS, np.random.default_rng(args.seed))
    updates = math.ceil(source.stretches() / STREAMS)
    state = model.start(STREAMS)
    rows, rate, since, cuts, done = [], args.rate, 0, 0, False
    if (folder / "state.pt").is_file():
        kept = torch.load(folder / "state.pt", weights_only=False)
        model.load_state_dict(kept["model"])
        averaged.model.load_state_dict(kept["averaged"])
        averaged.seen = kept["seen"]
        optimiser.load_state_dict(kept["optimiser"])
        source.resume(kept["source"])
        state, rows, rate, since, cuts, done = (kept[k] for k in ("state", "rows", "rate", "since", "cuts", "done"))
        torch.set_rng_state(kept["rng"])
        say(f"goes on after {len(rows)} epochs")
    while not done and len(rows) < args.epochs:
        wall, cpu = time.perf_counter(), time.process_time()
        total, steps = 0.0, 0
        for update in range(updates):
            now = rate * min(1.0, (len(rows) * updates + update + 1) / 100)
            for group in optimiser.param_groups:
                group["lr"] = now
            nats, real, state = loss(model, source.next(), state)
            optimiser.zero_grad(set_to_none=True)
            (nats / real).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 3.0)
            optimiser.step()
            averaged.take(model)
            total += float(nats.detach())
            steps += real
            if update % 25 == 24:
                say(f"epoch {len(rows) + 1}, update {update + 1} of {updates}: {total / steps / math.log(2):.3f} so far")
        if not math.isfinite(total):
            raise SystemExit("training has run off to infinity: try a lower --rate in a fresh --work")
        train_bits = total / steps / math.log(2)
        bits = score(averaged.model, scored)
        best = min((row["validation"] for row in rows), default=math.inf)
        rows.append(
            dict(epoch=len(rows) + 1, rate=rate, train=round(train_bits, 4), validation=round(bits, 4),
                 seconds=round(time.perf_counter() - wall, 1), cpu_seconds=round(time.process_time() - cpu, 1))
        )  # fmt: skip
        say(json.dumps(rows[-1]))
        since = 0 if bits < best else since + 1
        if bits < best:
            save(folder / "best.pt", averaged.model.state_dict())
        if since >= args.patience:
            cuts, since, rate = cuts + 1, 0, rate / 3
            done = cuts > args.cuts
            # From the best weights on: what came after them was no gain.
            if not done:
                model.load_state_dict(torch.load(folder / "best.pt"))
                averaged.model.load_state_dict(model.state_dict())
        save(folder / "state.pt", dict(
            model=model.state_dict(), averaged=averaged.model.state_dict(), seen=averaged.seen, optimiser=optimiser.state_dict(),
            source=source.state(), state=state, rows=rows, rate=rate, since=since, cuts=cuts, done=done, rng=torch.get_rng_state(),
        ))  # fmt: skip
        with open(folder / "progress.csv", "w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    best = min(rows, key=lambda row: row["validation"])
    return best, sum(row["cpu_seconds"] for row in rows), done


def parameters():
    return sum(p.numel() for p in DrumsRnn().parameters() if p.requires_grad)


def check():
    """The written backward pass against finite differences, in double precision."""
    torch.manual_seed(1)
    steps, batch, units, attention, length = 5, 2, 3, 4, 3

    def some(*shape, grad=True):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=grad)

    weights = [some(steps, batch, 4 * units), some(2 * units, 4 * units), some(2 * units, attention), some(attention)]
    weights += [some(attention), some(units, attention)]
    held = [some(batch, units, grad=False) for _ in range(3)] + [some(length, batch, units, grad=False)]
    assert torch.autograd.gradcheck(lambda *all: Attending.apply(*all, *held)[0], weights)
    print("the backward pass agrees with finite differences")


def arguments(parser):
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate of Adam")
    parser.add_argument("--average", type=float, default=0.98, help="how much the average of the weights keeps at an update")
    parser.add_argument("--patience", type=int, default=2, help="epochs without gain before the rate is cut")
    parser.add_argument("--cuts", type=int, default=2, help="cuts before the one that ends training")
    parser.add_argument("--epochs", type=int, default=200, help="epochs at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove", default="groove", help="folder of the dataset, with info.csv")
    parser.add_argument("--work", default="target/baselines", help="where progress is kept")
    parser.add_argument("--check", action="store_true", help="test the backward pass and end")
    arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.check:
        return check()
    pieces, scored = (groove_grid.checked(args.groove, split) for split in ("train", "validation"))
    say = lambda line: print(line, flush=True)
    say(f"{parameters()} parameters")
    best, seconds, done = train(pieces, scored, args, say)
    how = "converged" if done else "NOT converged, run again"
    say(f"best {best['validation']} bits/step in epoch {best['epoch']}, {seconds / 60:.0f} min of CPU time, {how}")
    return None


if __name__ == "__main__":
    sys.exit(main())
