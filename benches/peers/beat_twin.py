"""A PyTorch twin of beatgen-tui's beat model, schema 2: to find by validation what the program then builds.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.5.5
    venv/bin/python beat_twin.py --groove groove --cache twin.npz --csv search.csv units=192 layers=1 epochs=8 seed=1

Options behind the flags are `name=value`, names as in `DEFAULTS`. A finished run appends a row to the CSV file. One thread.

The protocol is that of `beatgen-tui evaluate`: notes of channel 10 on the Roland TD-11 map; step = floor(ticks / (ppq / 4) +
0.5), what is left is the micro-timing; of two notes in a cell the louder stays, of two as loud the first; the last bar is filled
up with rests; files in 4/4 only are scored, from the first step, with no priming and no density target. Bits of the hits a
16th step; bits of velocity and micro-timing a hit, in 32 equal bins. MAE is that of the predictive median, in ms.
"""

import argparse
import ast
import csv
import json
import math
import os
import pathlib
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch
import torch.nn.functional as F

LANES, BINS, POSITIONS, REFERENCE, BARS = 9, 32, 24, 16, 8
TD11 = ((36,), (38, 37, 40), (42, 22, 44), (46, 26), (43, 58), (47, 45), (50, 48), (49, 52, 55, 57), (51, 53, 59))
LANE_OF = {pitch: lane for lane, pitches in enumerate(TD11) for pitch in pitches}

DEFAULTS = dict(
    units=192, layers=1, head="nade", hidden=96, mix=5, chained=True, zdrop=0.0,  # The model.
    context=True, lookback=True,  # For the ablation: style, tempo and fill; hits further back than the last step.
    bar_expr="L:2*L:L//2", held=True, memory=0.3, extra="8*L:3*L",  # Inputs: velocity and micro-timing that far back (L is a bar);
    # of each lane's last hit; `remembered`; hits that far back beside the usual ones.
    dropout=0.25, indrop=0.0, groupdrop=0.0, weightdrop=0.0,  # Regularisation.
    decay=0.02, ema=0.98, streams=32, length=64, lr=4e-3, epochs=8, seed=1, warm=50,
    nostyle=0.1, notempo=0.1, notype=0.1, density=0.25,  # Shares of pieces told no style ...; told a density.
    tempo_aug=0.0, velocity_aug=0.0, expression=0.5, tag="",
)


# --- Data ---------------------------------------------------------------------------------------------------------------


def variable(data, at):
    """A number of variable length: its value and where it ends."""
    value = 0
    while True:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def parse(data):
    """Steps and steps a bar of a MIDI file's bytes: arrays `[steps, 9]` of velocity (0 is no hit) and micro-timing."""
    ppq = int.from_bytes(data[12:14], "big")
    at = 8 + int.from_bytes(data[4:8], "big")
    notes, meters = [], []
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        at, tick, status = at + 8, 0, 0
        while at < end:
            delta, at = variable(data, at)
            tick += delta
            if data[at] >= 0x80:
                status, at = data[at], at + 1
            if status == 0xFF:
                size, body = variable(data, at + 1)
                if data[at] == 0x58:
                    meters.append((tick, data[body], 1 << data[body + 1]))
                at = body + size
            elif status in (0xF0, 0xF7):
                size, body = variable(data, at)
                at = body + size
            else:
                if status == 0x99 and data[at + 1] > 0 and data[at] in LANE_OF:
                    notes.append((tick, LANE_OF[data[at]], data[at + 1]))
                at += 1 if status & 0xE0 == 0xC0 else 2
        at = end
    above, below = min(meters, key=lambda m: m[0])[1:] if meters else (4, 4)
    bar = above * 16 // below
    if not notes:
        return None
    places = [((8 * tick + ppq) // (2 * ppq), tick, lane, velocity) for tick, lane, velocity in notes]
    steps = (max(p[0] for p in places) // bar + 1) * bar
    velocity, offset = np.zeros((steps, LANES), np.uint8), np.zeros((steps, LANES), np.float32)
    for step, tick, lane, loud in places:
        if loud > velocity[step, lane]:
            velocity[step, lane], offset[step, lane] = loud, (4 * tick - step * ppq) / ppq
    return velocity, offset, bar, (above, below) == (4, 4)


def load(folder, cache):
    """All pieces as one dictionary of arrays, read from `cache` where it is there."""
    if cache and pathlib.Path(cache).is_file():
        return dict(np.load(cache))
    folder = pathlib.Path(folder)
    rows = []
    with open(folder / "info.csv", newline="", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            path = folder / row["midi_filename"]
            found = parse(path.read_bytes()) if path.is_file() else None
            if found:
                rows.append((row, *found))
    out = dict(
        velocity=np.concatenate([r[1] for r in rows]),
        offset=np.concatenate([r[2] for r in rows]),
        steps=np.array([len(r[1]) for r in rows]),
        bar=np.array([r[3] for r in rows]),
        common=np.array([r[4] for r in rows]),
        style=np.array([r[0]["style"].split("/")[0] for r in rows]),
        bpm=np.array([float(r[0]["bpm"]) for r in rows], np.float32),
        fill=np.array([r[0]["beat_type"] == "fill" for r in rows]),
        split=np.array([r[0]["split"].strip() for r in rows]),
        drummer=np.array([r[0]["drummer"] for r in rows]),
    )
    if cache:
        np.savez_compressed(cache, **out)
    return out


def ago(x, n):
    """`x` of `n` steps before; zeros before the start."""
    out = np.zeros_like(x)
    if n < len(x):
        out[n:] = x[: len(x) - n]
    return out


def remembered(h, v, o, bar, rate):
    """Of the same place in each of the `BARS` bars before, lane by lane: the share that was hit, and the mean velocity and
    micro-timing of the hits; a bar further back counts `1 - rate` times as much. Three arrays; 0 where nothing was hit."""
    hits, loud, late = (np.zeros_like(h) for _ in range(3))
    for back in range(1, BARS + 1):
        weight = rate * (1 - rate) ** (back - 1)
        hits += weight * ago(h, back * bar)
        loud += weight * ago(v, back * bar)
        late += weight * ago(o * h, back * bar)
    some = np.maximum(hits, 1e-6)
    return hits, loud / some, late / some * 2


class Corpus:
    """Pieces of one split as tensors, with every input that does not change from epoch to epoch."""

    def __init__(self, data, which, styles, cfg):
        ends = np.cumsum(data["steps"])
        self.steps = data["steps"][which]
        self.bars = data["bar"][which]
        self.first = np.concatenate([[0], np.cumsum(self.steps)[:-1]])
        self.styles = torch.tensor([styles.index(s) + 1 if s in styles else 0 for s in data["style"][which]])
        self.bpm = torch.tensor(data["bpm"][which])
        self.fill = torch.tensor(data["fill"][which]).long()
        blocks, velocities, offsets, share = [], [], [], []
        for i in which:
            span = slice(ends[i] - data["steps"][i], ends[i])
            v, o, bar = data["velocity"][span].astype(np.float32) / 127, data["offset"][span], int(data["bar"][i])
            h = (v > 0).astype(np.float32)
            groups, self.groups = [], []

            def add(name, *arrays):
                at = sum(g.shape[1] for g in groups)
                groups.extend(arrays)
                self.groups.append((name, at, sum(g.shape[1] for g in groups)))

            n = len(v)
            add("last", ago(h, 1), ago(v, 1), ago(o, 1) * 2)
            if cfg["lookback"]:
                for name, back in (("half", bar // 2), ("next", bar - 1), ("bar", bar), ("before", bar + 1), ("two", 2 * bar), ("four", 4 * bar)):
                    add(name, ago(h, back))
                for name in filter(None, cfg["extra"].split(":")):
                    add(name, ago(h, eval(name, {"L": bar})))
                for name in filter(None, cfg["bar_expr"].split(":")):
                    back = eval(name, {"L": bar})
                    add("bar_expr", ago(v, back), ago(o, back) * 2)
            if cfg["held"]:
                index = np.where(h > 0, np.arange(n)[:, None], -1)
                index = ago(np.maximum.accumulate(index, 0) + 1, 1) - 1
                lane = np.arange(LANES)[None]
                seen = (index >= 0) & (index >= np.arange(n)[:, None] - BARS * bar)
                add("held", np.where(seen, v[index, lane], 0), np.where(seen, o[index, lane] * 2, 0))
            if cfg["memory"]:
                add("memory", *remembered(h, v, o, bar, cfg["memory"]))
            place = np.arange(n) % bar
            count = np.arange(n) // bar
            one = np.zeros((n, POSITIONS), np.float32)
            one[np.arange(n), np.minimum(place, POSITIONS - 1)] = 1
            begin = np.zeros((n, 1), np.float32)
            begin[0] = 1
            add("place", one, np.stack([count >> b & 1 for b in range(3)], 1), begin, np.full((n, 1), bar / REFERENCE))
            blocks.append(np.concatenate([g.astype(np.float32) for g in groups], 1))
            velocities.append(v)
            offsets.append(o)
            share.append(h.max(1).mean())
        self.x = torch.from_numpy(np.concatenate(blocks))
        self.v = torch.from_numpy(np.concatenate(velocities))
        self.o = torch.from_numpy(np.concatenate(offsets))
        self.h = (self.v > 0).float()
        self.share = torch.tensor(np.array(share), dtype=torch.float32)
        self.piece = torch.from_numpy(np.repeat(np.arange(len(which)), self.steps))
        self.context = 2 + 3 + 2 + len(styles) + 1

    def told(self, cfg, generator=None):
        """What each piece is told of itself `[pieces, context]`; with a generator some of it is kept back."""
        n = len(self.steps)
        if not cfg["context"]:
            return torch.zeros(n, 0)
        hide = (lambda share: torch.rand(n, generator=generator) < share) if generator else (lambda share: torch.zeros(n).bool())
        out = torch.zeros(n, self.context)
        bpm = self.bpm
        if generator and cfg["tempo_aug"]:
            bpm = bpm * torch.exp((torch.rand(n, generator=generator) * 2 - 1) * cfg["tempo_aug"])
        unknown = hide(cfg["notempo"])
        out[:, 0] = torch.where(unknown, 0, ((bpm - 110) / 40).clamp(-2.5, 4))
        out[:, 1] = unknown.float()
        kind = torch.where(hide(cfg["notype"]), 2, self.fill)
        out[torch.arange(n), 2 + kind] = 1
        target = ~hide(1 - cfg["density"]) if generator else torch.zeros(n).bool()
        out[:, 5] = torch.where(target, (self.share - 0.75) * 4, 0)
        out[:, 6] = (~target).float()
        style = torch.where(hide(cfg["nostyle"]), 0, self.styles)
        out[torch.arange(n), 7 + style] = 1
        return out


def rows(corpus, streams, rng):
    """An epoch's rows: for each a list of stretches (first step, steps). Long pieces are cut at bar lines."""
    share = -(-corpus.steps.sum() // streams)
    stretches = []
    for first, steps, bar in zip(corpus.first, corpus.steps, corpus.bars):
        parts = -(-steps // (max(share // bar, 1) * bar)) if rng else 1
        part = -(-(-(-steps // parts)) // bar) * bar
        stretches += [(first + at, min(part, steps - at)) for at in range(0, steps, part)]
    if rng:
        rng.shuffle(stretches)
    stretches.sort(key=lambda s: -s[1])
    out, length = [[] for _ in range(streams)], np.zeros(streams, int)
    for stretch in stretches:
        row = int(length.argmin())
        out[row].append(stretch)
        length[row] += stretch[1]
    if rng:
        for row in out:
            rng.shuffle(row)
    return out, int(length.max())


def lay(corpus, streams, rng=None):
    """Index of the step at each place `[time, streams]` (-1 for none), and 0 where the state is forgotten first."""
    stretches, longest = rows(corpus, streams, rng)
    index, keep = torch.full((longest, streams), -1), torch.ones(longest, streams)
    for row, all_of_it in enumerate(stretches):
        at = 0
        for first, steps in all_of_it:
            index[at : at + steps, row] = torch.arange(first, first + steps)
            keep[at, row] = 0
            at += steps
    return index, keep


# --- Model --------------------------------------------------------------------------------------------------------------


class Recurrence(torch.autograd.Function):
    """The LSTM's loop over time (Hochreiter and Schmidhuber 1997, with forget gates), its backward pass by hand."""

    @staticmethod
    def forward(ctx, gx, wh, h, c, keep):
        steps, streams, wide = gx.shape
        u = wide // 4
        gates = torch.empty_like(gx)
        hs, cs = gx.new_empty(steps, streams, u), gx.new_empty(steps, streams, u)
        hp, cp, tc = torch.empty_like(hs), torch.empty_like(hs), torch.empty_like(hs)
        for t in range(steps):
            torch.mul(h, keep[t, :, None], out=hp[t])
            torch.mul(c, keep[t, :, None], out=cp[t])
            a = torch.addmm(gx[t], hp[t], wh, out=gates[t])
            a[:, : 2 * u].sigmoid_()
            a[:, 2 * u : 3 * u].tanh_()
            a[:, 3 * u :].sigmoid_()
            i, f, g, o = a.chunk(4, 1)
            c = torch.addcmul(i * g, f, cp[t], out=cs[t])
            torch.tanh(c, out=tc[t])
            h = torch.mul(o, tc[t], out=hs[t])
        ctx.save_for_backward(gates, hp, cp, tc, wh, keep)
        ctx.mark_non_differentiable(cs)
        return hs, cs

    @staticmethod
    def backward(ctx, dh_out, _):
        gates, hp, cp, tc, wh, keep = ctx.saved_tensors
        steps, streams, u = hp.shape
        d = torch.empty_like(gates)
        i, f, g, o = gates.chunk(4, 2)
        # All that does not depend on what comes back through time is computed at once.
        of_cell = torch.cat([g * i * (1 - i), cp * f * (1 - f), i * (1 - g * g)], 2).view(steps, streams, 3, u)
        of_out, to_cell, back = tc * o * (1 - o), o * (1 - tc * tc), f * keep[:, :, None]
        dh, dc = hp.new_zeros(streams, u), hp.new_zeros(streams, u)
        wt = wh.t().contiguous()
        parts = d.view(steps, streams, 4, u)
        for t in range(steps - 1, -1, -1):
            dh += dh_out[t]
            dc.addcmul_(dh, to_cell[t])
            torch.mul(of_cell[t], dc[:, None], out=parts[t, :, :3])
            torch.mul(dh, of_out[t], out=parts[t, :, 3])
            dh = torch.mm(d[t], wt).mul_(keep[t, :, None])
            dc *= back[t]
        dwh = hp.reshape(-1, u).t() @ d.reshape(-1, 4 * u)
        return d, dwh, None, None, None


def mass(params, bins, lower, mix):
    """Log mass of a bin under a mixture of logistics, each truncated to the range: `[n]` nats, and log weights and places.

    `params` `[n, 3 * mix]`: weights, means (in units of the range, around its middle), log scales.
    """
    w, m, s = params.split(mix, 1)
    w = F.log_softmax(w, 1)
    m = 0.5 + m
    inverse = torch.exp(-s.clamp(-6, 3))
    lo = ((bins[:, None] / BINS) - m) * inverse
    wide = inverse / BINS
    hi = lo + wide
    inside = F.logsigmoid(hi) + F.logsigmoid(-lo) + torch.log(-torch.expm1(-wide))
    a, b = -m * inverse, (1 - m) * inverse
    whole = F.logsigmoid(b) + F.logsigmoid(-a) + torch.log(-torch.expm1(-inverse))
    return torch.logsumexp(w + inside - whole, 1)


def median(params, mix, points=256):
    """The median of such a mixture, in units of the range."""
    edges = torch.linspace(0, 1, points + 1)
    w, m, s = params.split(mix, 1)
    w, m, inverse = torch.softmax(w, 1), 0.5 + m, torch.exp(-s.clamp(-6, 3))
    cdf = torch.zeros(len(params), points + 1)
    for k in range(mix):
        at = torch.sigmoid((edges[None] - m[:, k : k + 1]) * inverse[:, k : k + 1])
        cdf += w[:, k : k + 1] * (at - at[:, :1]) / (at[:, -1:] - at[:, :1]).clamp_min(1e-9)
    above = (cdf < 0.5).sum(1).clamp(1, points)
    before, after = cdf.gather(1, above[:, None] - 1)[:, 0], cdf.gather(1, above[:, None])[:, 0]
    return (above - 1 + ((0.5 - before) / (after - before).clamp_min(1e-9)).clamp(0, 1)) / points


class Twin:
    """Parameters by name and the losses of a batch."""

    def __init__(self, cfg, width, corpus):
        self.cfg, g = cfg, torch.Generator().manual_seed(cfg["seed"])
        u, z, k, m = cfg["units"], cfg["units"] + width, cfg["hidden"], cfg["mix"]
        normal = lambda r, c, gain=1.0: torch.randn(r, c, generator=g) * gain / math.sqrt(r)
        p = {}
        for layer in range(cfg["layers"]):
            p[f"lstm.{layer}.input"] = normal(width if layer == 0 else u, 4 * u)
            p[f"lstm.{layer}.recurrent"] = normal(u, 4 * u)
            p[f"lstm.{layer}.bias"] = torch.cat([torch.zeros(u), torch.ones(u), torch.zeros(2 * u)])
            p[f"norm.{layer}.gain"], p[f"norm.{layer}.shift"] = torch.ones(u), torch.zeros(u)
        rate = corpus.h.mean(0).clamp(1e-4, 1 - 1e-4)
        if cfg["head"] == "softmax":
            code = (corpus.h.long() << torch.arange(LANES)).sum(1)
            p["hits.joint"] = torch.zeros(z, 512)
            p["hits.bias"] = torch.log(torch.bincount(code, minlength=512).float() + 0.05) - math.log(len(code))
        else:
            p["hits.in"], p["hits.inbias"], p["hits.out"] = normal(z, k), torch.zeros(k), normal(LANES, k, 0.1)
            p["hits.skip"], p["hits.bias"] = torch.zeros(z, LANES), torch.log(rate / (1 - rate))
            if cfg["head"] == "nade":
                p["hits.hits"], p["hits.lanes"] = normal(LANES, k, 0.5), torch.zeros(LANES, LANES)
        p["expr.in"], p["expr.hits"], p["expr.bias"] = normal(z, k), normal(LANES, k), torch.zeros(k)
        p["expr.a"], p["expr.b"] = normal(LANES, k, 0.3), normal(LANES, k, 0.3)
        spread = torch.linspace(-0.35, 0.35, m)
        start = torch.cat([torch.zeros(m), spread, torch.full((m,), math.log(0.1))])
        for name in ("velocity", "offset"):
            p[f"{name}.out"] = normal(k, LANES * 3 * m, 0.1).reshape(k, LANES, 3 * m).transpose(0, 1).contiguous()
            p[f"{name}.bias"] = start.repeat(LANES, 1) * (1.0 if name == "velocity" else torch.cat([torch.ones(m), torch.full((m,), 0.6), torch.ones(m)]))
        self.p = p
        for t in p.values():
            t.requires_grad_(True)

    def count(self):
        return sum(t.numel() for t in self.p.values())

    def features(self, p, x, state, keep, train):
        """The heads' features `[time, streams, z]`, and the state after them."""
        cfg, after = self.cfg, []
        below = x
        for layer in range(cfg["layers"]):
            wh = p[f"lstm.{layer}.recurrent"]
            if train and cfg["weightdrop"]:
                wh = F.dropout(wh, cfg["weightdrop"])
            gx = torch.addmm(p[f"lstm.{layer}.bias"], below.reshape(-1, below.shape[2]), p[f"lstm.{layer}.input"])
            h, c = state[layer]
            hs, cs = Recurrence.apply(gx.reshape(*x.shape[:2], -1), wh, h, c, keep)
            after.append((hs[-1].detach(), cs[-1].detach()))
            below = F.layer_norm(hs, hs.shape[2:], p[f"norm.{layer}.gain"], p[f"norm.{layer}.shift"])
            if train and cfg["dropout"]:
                below = F.dropout(below, cfg["dropout"])
        return torch.cat([below, F.dropout(x, cfg["zdrop"]) if train and cfg["zdrop"] else x], 2), after

    def hits(self, p, z, h):
        """Nats of the hits of each step `[n]`."""
        cfg = self.cfg
        if cfg["head"] == "softmax":
            code = (h.long() << torch.arange(LANES)).sum(1)
            return F.cross_entropy(z @ p["hits.joint"] + p["hits.bias"], code, reduction="none")
        base = torch.addmm(p["hits.inbias"], z, p["hits.in"])
        logits = torch.addmm(p["hits.bias"], z, p["hits.skip"])
        if cfg["head"] == "nade":
            before = torch.tril(torch.ones(LANES, LANES), -1)
            chain = (h[:, None, :] * before).reshape(-1, LANES) @ p["hits.hits"]
            chain = chain.reshape(len(h), LANES, -1) + base[:, None]
            logits = logits + (torch.relu(chain) * p["hits.out"]).sum(2) + h @ torch.triu(p["hits.lanes"], 1)
        else:
            logits = logits + torch.relu(base) @ p["hits.out"].t()
        return F.binary_cross_entropy_with_logits(logits, h, reduction="none").sum(1)

    def expression(self, p, z, h, v, o):
        """Of all hits, lane by lane: nats of velocity, of micro-timing, parameters of the latter, (slot, lane)."""
        cfg = self.cfg
        base = torch.addmm(p["expr.bias"], z, p["expr.in"]) + h @ p["expr.hits"]
        lists = [[], [], [], [], []]
        for lane in range(LANES):
            slots = h[:, lane].nonzero()[:, 0]
            hidden = base[slots]
            mine_v, mine_o = v[slots, lane], o[slots, lane]
            if cfg["chained"] and lane:
                hidden = hidden + (h * v)[slots, :lane] @ p["expr.a"][:lane] + (h * o)[slots, :lane] @ p["expr.b"][:lane]
            of_v = torch.relu(hidden) @ p["velocity.out"][lane] + p["velocity.bias"][lane]
            if cfg["chained"]:
                hidden = hidden + mine_v[:, None] * p["expr.a"][lane]
            of_o = torch.relu(hidden) @ p["offset.out"][lane] + p["offset.bias"][lane]
            for into, what in zip(lists, (of_v, of_o, mine_v, mine_o, slots)):
                into.append(what)
        of_v, of_o, mine_v, mine_o, slots = (torch.cat(one) for one in lists)
        vbin = (mine_v * BINS).long().clamp(0, BINS - 1)
        obin = ((mine_o + 0.5) * BINS).long().clamp(0, BINS - 1)
        return -mass(of_v, vbin, 0, cfg["mix"]), -mass(of_o, obin, 0, cfg["mix"]), of_o, mine_o, slots


def fresh(cfg, streams):
    return [(torch.zeros(streams, cfg["units"]), torch.zeros(streams, cfg["units"])) for _ in range(cfg["layers"])]


@torch.no_grad()
def evaluate(twin, p, corpus, told):
    """Bits a step of the hits; of velocity and of micro-timing a hit; MAE of the median in ms."""
    index, keep = lay(corpus, 24)
    state = fresh(twin.cfg, 24)
    sums = np.zeros(6)
    for at in range(0, len(index), 128):
        i, k = index[at : at + 128], keep[at : at + 128]
        real = i.reshape(-1) >= 0
        i = i.clamp_min(0)
        x = torch.cat([corpus.x[i], told[corpus.piece[i]]], 2)
        z, state = twin.features(p, x, state, k, False)
        z, i = z.reshape(-1, z.shape[2])[real], i.reshape(-1)[real]
        h = corpus.h[i]
        nv, no, of_o, true_o, slots = twin.expression(p, z, h, corpus.v[i], corpus.o[i])
        ms = 15000 / corpus.bpm[corpus.piece[i[slots]]]
        error = ((median(of_o, twin.cfg["mix"]) - 0.5 - true_o).abs() * ms).sum()
        sums += np.array([twin.hits(p, z, h).sum(), len(h), nv.sum(), no.sum(), len(nv), error], float)
    bits = math.log(2)
    return sums[0] / sums[1] / bits, sums[2] / sums[4] / bits, sums[3] / sums[4] / bits, sums[5] / sums[4], int(sums[1])


def prepare(data, cfg, drummer=None):
    styles = sorted(set(data["style"][data["split"] == "train"]))
    train = np.flatnonzero(data["split"] == "train")
    valid = np.flatnonzero((data["split"] == "validation") & data["common"])
    return Corpus(data, train, styles, cfg), Corpus(data, valid, styles, cfg)


def train(data, cfg, every=2, say=print, save=None):
    """A run. Returns the figures at its end: those of `evaluate`, and seconds."""
    began = time.time()
    torch.manual_seed(cfg["seed"])
    corpus, valid = prepare(data, cfg)
    width = corpus.x.shape[1] + (corpus.context if cfg["context"] else 0)
    twin = Twin(cfg, width, corpus)
    p = twin.p
    average = {n: t.detach().clone() for n, t in p.items()}
    matrices = [t for t in p.values() if t.dim() > 1]
    others = [t for t in p.values() if t.dim() == 1]
    optimiser = torch.optim.AdamW([dict(params=matrices, weight_decay=cfg["decay"]), dict(params=others, weight_decay=0.0)], lr=1.0, betas=(0.9, 0.99), fused=True)
    rng, generator = np.random.default_rng(cfg["seed"]), torch.Generator().manual_seed(cfg["seed"])
    valid_told = valid.told(cfg)
    done, figures = 0, None
    per_epoch = -(-int(corpus.steps.sum()) // (cfg["streams"] * cfg["length"]))
    total = per_epoch * cfg["epochs"]
    names = list(p)
    for epoch in range(cfg["epochs"]):
        index, keep = lay(corpus, cfg["streams"], rng)
        told = corpus.told(cfg, generator)
        state, sums = fresh(cfg, cfg["streams"]), np.zeros(3)
        louder = None
        if cfg["velocity_aug"]:
            louder = torch.exp((torch.rand(len(corpus.steps), generator=generator) * 2 - 1) * cfg["velocity_aug"])
        for at in range(0, len(index), cfg["length"]):
            i, k = index[at : at + cfg["length"]], keep[at : at + cfg["length"]]
            real = i.reshape(-1) >= 0
            i = i.clamp_min(0)
            x, v = corpus.x[i], corpus.v[i.reshape(-1)]
            if louder is not None:
                scale = louder[corpus.piece[i]]
                v = (v * scale.reshape(-1, 1)).clamp(max=1)
                for name, a, b in corpus.groups:
                    if name in ("last", "bar_expr", "held", "memory"):
                        a += LANES if name in ("last", "memory") else 0
                        x[..., a : a + LANES] = (x[..., a : a + LANES] * scale[..., None]).clamp(max=1)
            if cfg["groupdrop"]:
                for name, a, b in corpus.groups:
                    if name != "place":
                        x[..., a:b] *= (torch.rand(*i.shape, 1) >= cfg["groupdrop"]).float()
            if cfg["indrop"]:
                b = corpus.groups[-1][1]
                x[..., :b] *= (torch.rand(*i.shape, b) >= cfg["indrop"]).float() / (1 - cfg["indrop"])
            x = torch.cat([x, told[corpus.piece[i]]], 2)
            z, state = twin.features(p, x, state, k, True)
            z, i, v = z.reshape(-1, z.shape[2])[real], i.reshape(-1)[real], v[real]
            h = corpus.h[i]
            hits = twin.hits(p, z, h).mean()
            nv, no, *_ = twin.expression(p, z, h, v, corpus.o[i])
            loss = hits + cfg["expression"] * (nv.sum() + no.sum()) / len(h)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(list(p.values()), 1.0, foreach=True)
            warm = min(cfg["warm"], total // 10)
            rate = (done + 1) / warm if done < warm else 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * min((done - warm) / (total - warm), 1)))
            for group in optimiser.param_groups:
                group["lr"] = cfg["lr"] * rate
            optimiser.step()
            optimiser.zero_grad()
            done += 1
            keep_share = min(cfg["ema"], done / (done + 9))
            with torch.no_grad():
                torch._foreach_lerp_([average[n] for n in names], [p[n].detach() for n in names], 1 - keep_share)
            sums += hits.item(), (nv.sum() + no.sum()).item() / max(len(nv), 1), 1
        if (epoch + 1) % every == 0 or epoch + 1 == cfg["epochs"]:
            figures = evaluate(twin, average, valid, valid_told)
            say(f"  {epoch + 1}/{cfg['epochs']} train {sums[0] / sums[2] / math.log(2):.3f} {sums[1] / sums[2] / math.log(2):.3f} valid hits {figures[0]:.4f} velocity {figures[1]:.3f} offset {figures[2]:.3f} mae {figures[3]:.2f}  {time.time() - began:.0f} s")
    if save:
        np.savez(save, **{n: t.numpy() for n, t in average.items()})
    return dict(parameters=twin.count(), hits=figures[0], velocity=figures[1], offset=figures[2], mae=figures[3], steps=figures[4], seconds=time.time() - began)


def append(path, row):
    """Appends a row to a CSV file, with a heading where it is new."""
    path = pathlib.Path(path)
    new = not path.is_file()
    with open(path, "a", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def options(words):
    """`name=value` words over the defaults."""
    cfg = dict(DEFAULTS)
    for word in words:
        name, _, value = word.partition("=")
        if name not in cfg:
            raise SystemExit(f"no option {name}: there are {', '.join(cfg)}")
        cfg[name] = value if isinstance(cfg[name], str) else ast.literal_eval(value)
    return cfg


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove", default="groove", help="folder of the dataset, with info.csv")
    parser.add_argument("--cache", help="file that keeps what was read")
    parser.add_argument("--csv", help="file a row is appended to")
    parser.add_argument("--save", help="file for the averaged weights")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cfg = options(args.options)
    told = {n: v for n, v in cfg.items() if v != DEFAULTS[n] or n in ("units", "layers", "seed")}
    print(json.dumps(told), flush=True)
    out = train(load(args.groove, args.cache), cfg, say=lambda text: print(text, flush=True), save=args.save)
    print(json.dumps(out), flush=True)
    if args.csv:
        few = {n: v for n, v in cfg.items() if n not in ("epochs", "seed", "tag")}
        append(args.csv, dict(
            config=json.dumps(few), epochs=cfg["epochs"], seed=cfg["seed"], parameters=out["parameters"],
            hits_bits=f"{out['hits']:.4f}", velocity_bits=f"{out['velocity']:.4f}", offset_bits=f"{out['offset']:.4f}",
            offset_mae_ms=f"{out['mae']:.2f}", seconds=f"{out['seconds']:.0f}"))


if __name__ == "__main__":
    main()
