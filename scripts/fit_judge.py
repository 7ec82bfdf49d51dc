#!/usr/bin/env python3
"""Trains the judge of close-ups on labelled pictures and writes models/judge.safetensors.

    faceveil detect SET/images --threshold 0.03 > found.jsonl
    python3 scripts/close_ups.py found.jsonl SET/images models/centerface.onnx --copies 3 --out close_ups
    python3 scripts/fit_judge.py SET close_ups [SET close_ups]... --out models/judge.safetensors

SET holds images/ and ground_truth.txt in the format of WIDER FACE; a folder without ground_truth.txt holds pictures without
faces. Pictures that `split.py` keeps out are not learned from. `--check` names one more set with its close-ups, which is
only measured.

The judge is asked one thing: does the mask of this box cover at least 75 % of a labelled face? It is a network of one hidden
layer on the features of `src/detect/judge/features.rs`; its output is added to the logarithm of the odds that the detector
gave, so that it learns what that did not know. Faces weigh by how well they can be recognised, see
`face_weight`; boxes that cover no face weigh what their mask costs, as in `fit_decision.py`; boxes that touch a face
without covering it weigh nothing.

Needs: pip install numpy opencv-python-headless
"""
import argparse, json, os, struct
import cv2
import numpy as np
import fit_decision as decision
from split import is_kept_out, read_labels

HIDDEN = 64
FEATURES = 2602
COVERED = 0.75
ALIKE = 0.15  # least intersection over union of a box and the face that it covers
DROPPED = 0.4  # share of features that a step does not see


def face_weight(label):
    height, clear = label[3], label[4] < 2 and label[8] < 2
    if label[7] or height < 8:
        return 0.05 * (not label[7])
    if height < 16:
        return 0.3
    return (3.0 if height >= 32 else 2.0) if clear else 1.0


class Set:
    """Close-ups of all pictures of a set: features, odds of the detector before, answers and weights."""

    def __init__(self, folder, close_ups, costs, everything):
        path = os.path.join(folder, 'ground_truth.txt')
        labels = read_labels(path) if os.path.exists(path) else None
        images = os.path.join(folder, 'images') if labels is not None else folder
        index, before, y, w, self.pictures = [], [], [], [], 0
        for line in open(close_ups + '.jsonl'):
            d = json.loads(line)
            name, rows = d['picture'], np.array(d['rows'], float).reshape(-1, 7)
            if not len(rows) or not everything and is_kept_out(name):
                continue
            self.pictures += 1
            picture = decision.Picture(os.path.join(images, name), labels[name] if labels is not None else [])
            boxes, again = np.unique(rows[:, :4], axis=0, return_inverse=True)
            answer = [a[again.reshape(-1)] for a in answers(picture, boxes, *costs)]
            use = rows[:, 5] >= 0
            p = np.clip(rows[use, 4], 0.01, 0.99)
            index.append(rows[use, 5].astype(int))
            before.append(np.log(p / (1 - p)))
            y.append(answer[0][use])
            # A picture's variants weigh as much as the picture together.
            copies = max(1, rows[:, 6].sum() / max(1, (rows[:, 6] == 0).sum()))
            w.append(answer[1][use] * np.where(rows[use, 6] > 0, 1 / copies, 1))
        index = np.concatenate(index)
        features = np.memmap(close_ups + '.f32', np.float32, 'r').reshape(-1, FEATURES)
        self.features = features[index].astype(np.float16)
        self.before, self.y, self.w = (np.concatenate(v).astype(np.float32) for v in (before, y, w))

    def data(self):
        return self.features, self.before, self.y, self.w


def answers(picture, boxes, cost, area_cost):
    """Per box: whether its mask covers a labelled face, and the weight of that."""
    y, w = np.zeros(len(boxes)), np.zeros(len(boxes))
    truth = np.array([t[:4] for t in picture.truth], float).reshape(-1, 4)
    truth[:, 2:] += truth[:, :2]
    alike = decision.iou(boxes, truth) if len(truth) else np.zeros((len(boxes), 0))
    for k, box in enumerate(boxes):
        mask = np.zeros((picture.height, picture.width), np.uint8)
        decision.paint(mask, box, decision.MARGIN)
        near = [j for j in np.flatnonzero(alike[k] > ALIKE)]
        covered = [j for j in near if share_covered(mask, picture.truth[j]) >= COVERED]
        if covered:
            y[k], w[k] = 1, max(face_weight(picture.truth[j]) for j in covered)
        elif not near:
            outside = 100 * picture.outside(mask)
            w[k] = cost + area_cost * min(outside, 3) if outside > 0 else 0
    return y, w


def share_covered(mask, label):
    x, y, w, h = label[:4]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(mask.shape[1], x + w), min(mask.shape[0], y + h)
    if x1 <= x0 or y1 <= y0:
        return 0
    face = np.zeros((h, w), np.uint8)
    cv2.ellipse(face, (w // 2, h // 2), (max(1, w // 2), max(1, h // 2)), 0, 0, 360, 1, -1)
    face = face[y0 - y : y1 - y, x0 - x : x1 - x]
    return cv2.countNonZero(face & mask[y0:y1, x0:x1]) / max(1, cv2.countNonZero(face))


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
    parser.add_argument('sets', nargs='+', help='SET CLOSE_UPS, as often as there are sets')
    parser.add_argument('--check', nargs=2), parser.add_argument('--out', required=True)
    parser.add_argument('--cost', type=float, default=0.3), parser.add_argument('--area-cost', type=float, default=0.3)
    parser.add_argument('--epochs', type=int, default=10), parser.add_argument('--rate', type=float, default=1e-3)
    parser.add_argument('--decay', type=float, default=0.1)
    a = parser.parse_args()
    costs = a.cost, a.area_cost
    sets = [Set(*a.sets[k : k + 2], costs, False) for k in range(0, len(a.sets), 2)]
    data = [np.concatenate(parts) for parts in zip(*(s.data() for s in sets))]
    print(f'{sum(s.pictures for s in sets)} pictures, {len(data[0])} close-ups, {int(data[2].sum())} of them faces')
    check = Set(*a.check, costs, True).data() if a.check else None

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
