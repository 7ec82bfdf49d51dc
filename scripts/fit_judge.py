#!/usr/bin/env python3
"""Trains the judge of close-ups on labelled pictures and writes models/judge.safetensors.

    cargo run --release --example evidence -- balanced features=features.f32 PICTURES > evidence.jsonl
    python3 scripts/fit_judge.py SET evidence.jsonl features.f32 [SET ...] --out models/judge.safetensors

SET holds images/ and ground_truth.txt in the format of WIDER FACE; a folder without ground_truth.txt holds pictures without
faces. Pictures that `split.py` keeps out are not learned from. `--check` names one more set, which is only measured.
`--varied` takes evidence of what `vary_pictures.py` made of a set, `--turned` that of `evidence turned=640`.

The judge is asked one thing: does the mask of this box cover at least 75 % of a labelled face? It is a network of one hidden
layer on the features of `src/detect/judge/features.rs`; its output is added to the logarithm of the odds that the detector
gave, so that it learns what that did not know. Faces weigh by how well they can be recognised, see
`fit_decision.py`; boxes that cover no face weigh what their mask costs, as in `fit_decision.py`; boxes that touch a face
without covering it weigh nothing.

Needs: pip install numpy opencv-python-headless
"""
import argparse, json, os, struct
import numpy as np
import fit_decision as decision
from split import is_kept_out, read_labels

HIDDEN = 64
ALIKE = 0.15  # least intersection over union of a box and the face that it covers
FEATURES = 2602
LEAST = 0.02
DROPPED = 0.4  # share of features that a step does not see


class Set:
    """Boxes of all pictures of a set: features, odds before the judge, answers and weights."""

    def __init__(self, folder, evidence, features, costs, everything=False, weight=1.0):
        path = os.path.join(folder, 'ground_truth.txt')
        labels = read_labels(path) if os.path.exists(path) else None
        images = os.path.join(folder, 'images') if labels is not None else folder
        self.features = np.memmap(features, np.float32, 'r').reshape(-1, FEATURES)
        self.proposals, self.labels = {}, {}
        for line in open(evidence):
            d = json.loads(line) if line.endswith('}\n') else {}
            if 'picture' not in d or not d['rows']:
                continue
            name = os.path.relpath(os.path.abspath(d['picture']), os.path.abspath(images))
            if not everything and is_kept_out(name):
                continue
            picture = decision.Picture(os.path.join(images, name), labels[name] if labels is not None else [])
            key = (name, d['turn'])
            q = self.proposals[key] = decision.Proposals(d['rows'])
            # What was not written yet is not used.
            q.index[q.index >= len(self.features)] = -1
            y, w = picture.label(q.boxes, decision.MARGIN, *costs, least=ALIKE, strict=False)
            self.labels[key] = y, w * weight

        # Pictures that another plan looks at, with another number of looks, are left out.
        looks = [q.scores.shape[1] for q in self.proposals.values()]
        usual = max(set(looks), key=looks.count) if looks else 0
        self.proposals = {k: q for k, q in self.proposals.items() if q.scores.shape[1] == usual}

    def data(self, stages):
        parts = []
        for key, q in self.proposals.items():
            use = q.index >= 0
            if use.any():
                before = decision.odds(stages(q)[0]) if stages else 0.7 * decision.odds(q.scores[:, 0]) - 1
                y, w = self.labels[key]
                parts.append((self.features[q.index[use]].astype(np.float16), before[use], y[use], w[use]))
        return [np.concatenate([p[k] for p in parts]).astype(np.float32 if k else np.float16) for k in range(4)]


class Judge:
    """One hidden layer."""

    def __init__(self, features, random):
        sample = features[random.permutation(len(features))[:20000]].astype(np.float32)
        self.mean, self.scale = sample.mean(0), 1 / (sample.std(0) + 1e-3)
        d = features.shape[1]
        self.p = [
            random.normal(0, 1 / np.sqrt(d), (d, HIDDEN)).astype(np.float32),
            np.zeros(HIDDEN, np.float32),
            random.normal(0, 0.1 / np.sqrt(HIDDEN), HIDDEN).astype(np.float32),
            np.zeros(1, np.float32),
        ]

    def standardised(self, features):
        return np.clip((features.astype(np.float32) - self.mean) * self.scale, -6, 6)

    def __call__(self, features):
        out = []
        for k in range(0, len(features), 4096):
            z = self.standardised(features[k : k + 4096])
            out.append(np.maximum(z @ self.p[0] + self.p[1], 0) @ self.p[2] + self.p[3][0])
        return np.concatenate(out) if out else np.zeros(0)

    def train(self, features, before, y, w, random, epochs, rate, decay, batch=512, watch=None):
        m, v = [np.zeros_like(p) for p in self.p], [np.zeros_like(p) for p in self.p]
        mean = [p.copy() for p in self.p]
        use = np.flatnonzero(w > 0)
        steps, t = epochs * (len(use) // batch), 0
        w = (w / w[use].mean()).astype(np.float32)
        for epoch in range(epochs):
            order = random.permutation(use)
            for k in range(len(use) // batch):
                i = order[k * batch : (k + 1) * batch]
                z = self.standardised(features[i])
                z *= (random.random(z.shape, np.float32) > DROPPED) / np.float32(1 - DROPPED)
                hidden = z @ self.p[0] + self.p[1]
                active = np.maximum(hidden, 0)
                keep = (random.random(active.shape, np.float32) > 0.3) / np.float32(0.7)
                active *= keep
                odds = active @ self.p[2] + self.p[3][0] + before[i]
                error = ((1 / (1 + np.exp(-odds)) - (y[i] * 0.96 + 0.02)) * w[i] / len(i)).astype(np.float32)
                back = error[:, None] * self.p[2][None] * (hidden > 0) * keep
                slopes = [z.T @ back, back.sum(0), active.T @ error, error.sum(keepdims=True)]
                t += 1
                share = t / steps
                now = rate * min(1, share * 10) * 0.5 * (1 + np.cos(np.pi * share))
                for n, slope in enumerate(slopes):
                    m[n] = 0.9 * m[n] + 0.1 * slope
                    v[n] = 0.99 * v[n] + 0.01 * slope**2
                    step = m[n] / (1 - 0.9**t) / (np.sqrt(v[n] / (1 - 0.99**t)) + 1e-8)
                    self.p[n] -= now * (step + (decay * self.p[n] if n in (0, 2) else 0))
            if watch and (epoch % 2 == 1 or epoch == epochs - 1):
                print(f'epoch {epoch + 1}: {watch(self)}', flush=True)

    def save(self, path):
        # Standardisation becomes part of the first layer.
        weights = (self.p[0] * self.scale[:, None]).T.copy()
        bias = self.p[1] - self.mean @ (self.p[0] * self.scale[:, None])
        bits = weights.astype(np.float32).view(np.uint32)
        halves = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
        tensors = [
            ('hidden.weight', 'BF16', list(weights.shape), halves.tobytes()),
            ('hidden.bias', 'F32', [HIDDEN], bias.astype(np.float32).tobytes()),
            ('output.weight', 'F32', [HIDDEN], self.p[2].astype(np.float32).tobytes()),
            ('output.bias', 'F32', [1], self.p[3].astype(np.float32).tobytes()),
        ]
        header, at = {}, 0
        for name, kind, shape, data in tensors:
            header[name] = {'dtype': kind, 'shape': shape, 'data_offsets': [at, at + len(data)]}
            at += len(data)
        text = json.dumps(header, separators=(',', ':')).encode()
        text += b' ' * (-len(text) % 8)
        with open(path, 'wb') as f:
            f.write(struct.pack('<Q', len(text)) + text + b''.join(t[3] for t in tensors))


def ranked(y, score, w):
    """Area under the curve, weighted."""
    order = np.argsort(score, kind='stable')
    y, w = y[order], w[order]
    return float((w * y * np.cumsum(w * (1 - y))).sum() / ((w * y).sum() * (w * (1 - y)).sum() + 1e-9))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('sets', nargs='+', help='SET EVIDENCE FEATURES, as often as there are sets')
    parser.add_argument('--turned', nargs=3, action='append', default=[], help='the same of turned pictures')
    parser.add_argument('--varied', nargs=3, action='append', default=[], help='the same of varied pictures')
    parser.add_argument('--check', nargs=3), parser.add_argument('--out', required=True)
    parser.add_argument('--cost', type=float, default=0.3), parser.add_argument('--area-cost', type=float, default=0.3)
    parser.add_argument('--epochs', type=int, default=8), parser.add_argument('--rate', type=float, default=1e-3)
    parser.add_argument('--decay', type=float, default=0.1)
    a = parser.parse_args()
    costs = a.cost, a.area_cost
    sets = [Set(*a.sets[k : k + 3], costs) for k in range(0, len(a.sets), 3)]
    proposals = {k: q for s in sets for k, q in s.proposals.items()}
    labels = {k: l for s in sets for k, l in s.labels.items()}
    stages = decision.Stages(proposals, labels, list(proposals), (LEAST, 1))
    parts = [s.data(stages) for s in sets]
    parts += [Set(*v, costs, weight=0.5).data(stages) for v in a.varied]
    parts += [Set(*v, costs, weight=0.5).data(None) for v in a.turned]
    data = [np.concatenate(p) for p in zip(*parts)]
    print(f'{len(proposals)} pictures, {len(data[0])} close-ups, {int(data[2].sum())} of them faces', flush=True)
    check = Set(*a.check, costs, True).data(stages) if a.check else None

    def watch(judge):
        if not check:
            return ''
        f, before, y, w = check
        logit = before + judge(f)
        doubt = (before > -3) & (before < 1.7)
        loss = lambda l: (w * (np.logaddexp(0, l) - y * l)).sum() / w.sum()
        rank = lambda l: ranked(y[doubt], l[doubt], w[doubt])
        return f'loss {loss(before):.4f} -> {loss(logit):.4f}, in doubt {rank(before):.4f} -> {rank(logit):.4f}'

    random = np.random.default_rng(0)
    judge = Judge(data[0], random)
    judge.train(*data, random, a.epochs, a.rate, a.decay, watch=watch)
    judge.save(a.out)


if __name__ == '__main__':
    main()
