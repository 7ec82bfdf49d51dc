#!/usr/bin/env python3
"""Fits the decision of src/detect/decide.rs on labelled pictures and prints src/detect/weights_of_evidence.rs.

    cargo run --release --example evidence -- balanced SET/images/*/*.jpg > evidence.jsonl
    python3 scripts/fit_decision.py evidence.jsonl SET

SET holds images/ and ground_truth.txt in the format of WIDER FACE. Needs: pip install numpy opencv-python-headless

The features are those of decide.rs. A proposal is a face if its intersection over union with a labelled box is above 0.35;
0.15 to 0.35 and boxes marked invalid are left out. A face weighs 1 (0.3 below 16 px of height, 0.05 below 8: few can tell
them), anything else 0.5 times its side over 30 px (within 0.2 to 8) to the power of --area, since what a false mask costs
is the area that it covers. Results are cross-validated over five folds of pictures; the weights printed are fitted on all.
"""
import argparse, json, os
import cv2
import numpy as np

LEAST, UNIT = 0.02, 30.0


def ground_truth(path):
    boxes, lines, i = {}, open(path).read().splitlines(), 0
    while i < len(lines):
        name, n = lines[i].strip(), int(lines[i + 1])
        rows = [list(map(int, l.split()[:10])) for l in lines[i + 2 : i + 2 + max(n, 1)]]
        i += 2 + max(n, 1)
        boxes[name] = [r for r in rows if r[2] > 0 and r[3] > 0] if n else []
    return boxes


def iou(b, many):
    left, top = np.maximum(b[0], many[:, 0]), np.maximum(b[1], many[:, 1])
    right, bottom = np.minimum(b[2], many[:, 2]), np.minimum(b[3], many[:, 3])
    both = np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None)
    area = lambda r: (r[..., 2] - r[..., 0]) * (r[..., 3] - r[..., 1])
    return both / (area(np.asarray(b)) + area(many) - both + 1e-9)


def label(rows, truth, area):
    """Per proposal: face or not, and its weight."""
    y, w = np.zeros(len(rows)), np.zeros(len(rows))
    g = np.array([t[:4] for t in truth], float).reshape(-1, 4)
    g[:, 2:] += g[:, :2]
    for k, r in enumerate(rows):
        best, which = 0.0, None
        if len(g):
            overlap = iou(r[:4], g)
            which = int(overlap.argmax())
            best = overlap[which]
        if best > 0.35:
            h = truth[which][3]
            y[k], w[k] = 1, 0 if truth[which][7] else 1 if h >= 16 else 0.3 if h >= 8 else 0.05
        elif best <= 0.15:
            w[k] = 0.5 * np.clip(r[12] / UNIT, 0.2, 8) ** area
    return y, w


def features(rows, scores):
    s = np.clip(rows[:, scores], LEAST, 1 - LEAST)
    odds = np.log(s / (1 - s))
    size = np.log(np.maximum(rows[:, 12:13], 1) / UNIT)
    return np.concatenate([odds, odds * size, size, size**2, np.ones_like(size)], 1)


def fit(x, y, w):
    """Weighted logistic regression with a ridge of 1 on the standardised features, by Newton's method."""
    mean, std = x[:, :-1].mean(0), x[:, :-1].std(0) + 1e-6
    z = np.concatenate([(x[:, :-1] - mean) / std, x[:, -1:]], 1)
    b, ridge = np.zeros(z.shape[1]), np.diag([1.0] * (z.shape[1] - 1) + [0.0])
    for _ in range(60):
        p = 1 / (1 + np.exp(-z @ b))
        step = np.linalg.solve((z * (w * p * (1 - p))[:, None]).T @ z + ridge, z.T @ (w * (p - y)) + ridge @ b)
        b -= np.clip(step, -2, 2)
    raw = b[:-1] / std
    return np.append(raw, b[-1] - (raw * mean).sum())


def paint(mask, r, margin):
    cx, cy, a, b = (r[0] + r[2]) / 2, (r[1] + r[3]) / 2, (r[2] - r[0]) / 2 * margin, (r[3] - r[1]) / 2 * margin
    cv2.ellipse(mask, (int(cx * 16), int(cy * 16)), (int(a * 16 + 8), int(b * 16 + 8)), 0, 0, 360, 1, -1, shift=4)


class Measure:
    """Exposure, over-blur and false masks, as facts/detection.md defines them."""

    def __init__(self, truth, sizes):
        self.truth, self.sizes, self.grown = truth, sizes, {}
        for name, (h, w) in sizes.items():
            g = np.zeros((h, w), np.uint8)
            for x, y, bw, bh, *_ in truth[name]:
                cv2.rectangle(g, (int(x - bw / 2), int(y - bh / 2)), (int(x + 1.5 * bw), int(y + 1.5 * bh)), 1, -1)
            self.grown[name] = g

    def __call__(self, accepted, margin):
        seen, hidden, over, false = np.zeros(2), np.zeros(2), [], 0
        for name, rows in accepted.items():
            h, w = self.sizes[name]
            mask = np.zeros((h, w), np.uint8)
            for r in rows:
                paint(mask, r, margin)
            for t in self.truth[name]:
                x, y, bw, bh = t[:4]
                if t[7] or bh < 8:
                    continue
                part = mask[max(0, y) : y + bh, max(0, x) : x + bw]
                e = np.zeros((bh, bw), np.uint8)
                cv2.ellipse(e, (bw // 2, bh // 2), (max(1, bw // 2), max(1, bh // 2)), 0, 0, 360, 1, -1)
                e = e[max(0, -y) : max(0, -y) + part.shape[0], max(0, -x) : max(0, -x) + part.shape[1]]
                area = cv2.countNonZero(e)
                if area:
                    seen[int(bh >= 16)] += 1
                    hidden[int(bh >= 16)] += cv2.countNonZero(e & part) < 0.75 * area
            out = cv2.countNonZero(mask & (1 - self.grown[name]))
            over.append(out / (h * w))
            if out:
                n, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
                touched = np.zeros(n, bool)
                touched[np.unique(parts[self.grown[name] > 0])] = True
                false += int((~touched & (stats[:, 4] >= 16))[1:].sum())
        rate = 100 * hidden / np.maximum(seen, 1)
        return f'exposed 16+ {rate[1]:5.2f} %  8-16 {rate[0]:5.1f} %  over {100 * np.mean(over):.3f} %  false {false / len(over):.2f}'


def rust(name, doc, b, n):
    num = lambda v: f'{v:.4f}'
    rows = ', '.join(f'[{num(b[k])}, {num(b[n + k])}]' for k in range(n))
    return (
        f'/// {doc}\npub(super) const {name}: Judge<{n}> = Judge {{\n    scores: [{rows}],\n'
        f'    size: [{num(b[2 * n])}, {num(b[2 * n + 1])}],\n    bias: {num(b[2 * n + 2])},\n}};\n'
    )


def main():
    p = argparse.ArgumentParser()
    p.add_argument('evidence'), p.add_argument('set')
    p.add_argument('--area', type=float, default=0.5), p.add_argument('--margin', type=float, nargs='+', default=[1.4, 1.5, 1.6])
    p.add_argument('--threshold', type=float, nargs='+', default=[0.3, 0.35, 0.4, 0.45, 0.5])
    p.add_argument('--doubt', type=float, nargs='+', default=[0.05, 0.1]), p.add_argument('--sure', type=float, default=0.9)
    p.add_argument('--all', action='store_true', help='also what each regression alone would give')
    a = p.parse_args()
    truth = ground_truth(os.path.join(a.set, 'ground_truth.txt'))
    rows = {}
    for line in open(a.evidence):
        d = json.loads(line)
        name = os.path.relpath(os.path.abspath(d['picture']), os.path.abspath(os.path.join(a.set, 'images')))
        rows[name] = np.array(d['rows'], float).reshape(-1, 13)
    sizes = {n: cv2.imread(os.path.join(a.set, 'images', n)).shape[:2] for n in rows}
    labels = {n: label(rows[n], truth[n], a.area) for n in rows}
    fold = {n: k % 5 for k, n in enumerate(sorted(rows))}
    measure = Measure(truth, sizes)
    names = {'FIRST': [4, 5, 6], 'SECOND': [4, 5, 6, 7]}
    docs = {'FIRST': 'Before a second look: CenterFace, CenterFace at half scale, `YuNet`.', 'SECOND': 'After it: the same, and CenterFace on the enlarged crop.'}

    def train(scores, keep):
        part = [n for n in rows if keep(n) and len(rows[n])]
        x = np.concatenate([features(rows[n], scores) for n in part])
        y, w = (np.concatenate([labels[n][k] for n in part]) for k in (0, 1))
        return fit(x[w > 0], y[w > 0], w[w > 0])

    print(f'// {len(rows)} pictures, {sum(map(len, rows.values()))} proposals, --area {a.area}; cross-validated:')
    both = {}
    for which, scores in names.items():
        out = {}
        for k in range(5):
            b = train(scores, lambda n: fold[n] != k)
            for n in rows:
                if fold[n] == k:
                    out[n] = 1 / (1 + np.exp(-features(rows[n], scores) @ b))
        for margin in a.margin if a.all else []:
            for t in a.threshold:
                print(f'// {which:6} margin {margin} threshold {t:.2f}: ', measure({n: rows[n][out[n] >= t] for n in rows}, margin))
        both[which] = out
    # As the detector does it: a second look only where the first leaves a doubt.
    for low in a.doubt:
        doubt = {n: (p >= low) & (p < a.sure) for n, p in both['FIRST'].items()}
        out = {n: np.where(doubt[n], both['SECOND'][n], both['FIRST'][n]) for n in rows}
        print(f'// in doubt ({low}..{a.sure}) per picture: {np.mean([d.sum() for d in doubt.values()]):.1f}')
        for margin in a.margin:
            for t in a.threshold:
                print(f'// doubt  margin {margin} threshold {t:.2f}: ', measure({n: rows[n][out[n] >= t] for n in rows}, margin))
    for which, scores in names.items():
        print(rust(which, docs[which], train(scores, lambda n: True), len(scores)))


main()
