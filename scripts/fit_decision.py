#!/usr/bin/env python3
"""Fits the decision of src/detect/decide.rs on labelled pictures and prints the weights for src/detect/weights_of_evidence.rs.

    cargo run --release --example evidence -- balanced SET/images/*/*.jpg > evidence.jsonl
    python3 scripts/fit_decision.py evidence.jsonl SET --name BALANCED --doubt 0.12 0.75

The first line of the evidence is the digest of the preset that made it; what is printed names it, since evidence of other
looks or thresholds than the program's is worth nothing. SET holds images/ and ground_truth.txt in the format of WIDER FACE. Needs: pip install numpy opencv-python-headless

Features and contexts are those of decide.rs and context.rs. A proposal is a face if its intersection over union with a
labelled box is above 0.35. A face weighs 1 (0.3 below 16 px of height, 0.05 below 8: few can tell them; 0 where the label is
marked invalid). Anything else weighs --cost, and --area-cost for each percent of the picture that its mask would cover
outside every labelled box doubled (at most 3 %), since that is what a false mask costs; one that covers nothing there is left
out. Since what is learned is the odds of a face over what a mistake costs, the two are prices: their ratio says whether many
small false masks or few large ones are the lesser evil, and a preset is fitted with the ratio that its limits ask for.

Results are cross-validated over five folds of pictures, stage by stage; the weights printed are fitted on all.
"""
import argparse, json, os
import cv2
import numpy as np

# Those of the program, one a line: its tests read them here.
LEAST = 0.02
UNIT = 30.0
LARGEST = 400.0
SIZES = 0.35
REACH = 5.0
APART = 0.3
TOUCH = 0.1
WORTH_HEARING = 0.01
SAME = 0.4
ROOM = 1.5
MARGIN = 1.7

FOLDS = 5


def ground_truth(path):
    boxes, lines, i = {}, open(path).read().splitlines(), 0
    while i < len(lines):
        name, n = lines[i].strip(), int(lines[i + 1])
        rows = [list(map(int, l.split()[:10])) for l in lines[i + 2 : i + 2 + max(n, 1)]]
        i += 2 + max(n, 1)
        boxes[name] = [r for r in rows if r[2] > 0 and r[3] > 0] if n else []
    return boxes


def area(r):
    return (r[..., 2] - r[..., 0]) * (r[..., 3] - r[..., 1])


def shared(a, b):
    """Area of each of `a` that each of `b` shares."""
    left, top = np.maximum(a[:, None, 0], b[None, :, 0]), np.maximum(a[:, None, 1], b[None, :, 1])
    right, bottom = np.minimum(a[:, None, 2], b[None, :, 2]), np.minimum(a[:, None, 3], b[None, :, 3])
    return np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None)


def iou(a, b):
    both = shared(a, b)
    return both / (area(a)[:, None] + area(b)[None] - both + 1e-9)


def paint(mask, r, margin):
    cx, cy, a, b = (r[0] + r[2]) / 2, (r[1] + r[3]) / 2, (r[2] - r[0]) / 2 * margin + ROOM, (r[3] - r[1]) / 2 * margin + ROOM
    cv2.ellipse(mask, (int(cx * 16), int(cy * 16)), (int(a * 16 + 8), int(b * 16 + 8)), 0, 0, 360, 1, -1, shift=4)


class Picture:
    """The labels of one picture, and exposure, over-blur and false masks as docs/accuracy.md defines them."""

    def __init__(self, path, truth):
        self.height, self.width = cv2.imread(path).shape[:2]
        self.truth, self.faces = truth, []
        self.grown = np.zeros((self.height, self.width), np.uint8)
        for t in truth:
            x, y, w, h = t[:4]
            cv2.rectangle(self.grown, (int(x - w / 2), int(y - h / 2)), (int(x + 1.5 * w), int(y + 1.5 * h)), 1, -1)
            if t[7] or h < 8:
                continue
            e = np.zeros((h, w), np.uint8)
            cv2.ellipse(e, (w // 2, h // 2), (max(1, w // 2), max(1, h // 2)), 0, 0, 360, 1, -1)
            x0, y0, x1, y1 = max(0, x), max(0, y), min(self.width, x + w), min(self.height, y + h)
            e = e[y0 - y : y1 - y, x0 - x : x1 - x]
            if cv2.countNonZero(e):
                self.faces.append((x0, y0, x1, y1, e, int(h >= 16)))

    def outside(self, mask):
        return cv2.countNonZero(mask & (1 - self.grown)) / (self.height * self.width)

    def label(self, boxes, margin, cost, area_cost):
        """Per proposal: face or not, and its weight."""
        y, w = np.zeros(len(boxes)), np.zeros(len(boxes))
        truth = np.array([t[:4] for t in self.truth], float).reshape(-1, 4)
        truth[:, 2:] += truth[:, :2]
        overlap = iou(boxes, truth) if len(truth) else np.zeros((len(boxes), 1))
        for k, box in enumerate(boxes):
            which = int(overlap[k].argmax())
            if overlap[k, which] > 0.35:
                h = self.truth[which][3]
                y[k], w[k] = 1, 0 if self.truth[which][7] else 1 if h >= 16 else 0.3 if h >= 8 else 0.05
                continue
            mask = np.zeros((self.height, self.width), np.uint8)
            paint(mask, box, margin)
            out = 100 * self.outside(mask)
            w[k] = cost + area_cost * min(out, 3) if out > 0 else 0
        return y, w

    def measure(self, boxes, p, thresholds, margin):
        """Per threshold, falling: faces exposed of 8-16 px and of 16 px and more, share of over-blur, false masks."""
        mask, kept, left, rows = np.zeros((self.height, self.width), np.uint8), [], list(self.faces), []
        order, i, over, false = np.argsort(-p), 0, 0, 0
        for t in thresholds:
            before = len(kept)
            while i < len(order) and p[order[i]] >= t:
                c, i = order[i], i + 1
                if not kept or iou(boxes[c : c + 1], boxes[kept]).max() <= SAME:
                    kept.append(c)
                    paint(mask, boxes[c], margin)
            if len(kept) > before:
                bare = lambda f: cv2.countNonZero(f[4] & mask[f[1] : f[3], f[0] : f[2]]) < 0.75 * cv2.countNonZero(f[4])
                left = [f for f in left if bare(f)]
                over, false = self.outside(mask), 0
                if over:
                    n, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
                    touched = np.zeros(n, bool)
                    touched[np.unique(parts[self.grown > 0])] = True
                    false = int((~touched & (stats[:, 4] >= 16))[1:].sum())
            rows.append([sum(f[5] == 0 for f in left), sum(f[5] for f in left), over, false])
        return np.array(rows, float)


def odds(s):
    s = np.clip(s, LEAST, 1 - LEAST)
    return np.log(s / (1 - s))


class Proposals:
    """One line of `evidence`: what was seen of each box of a picture."""

    def __init__(self, rows):
        rows = np.array(rows, float)
        rows = rows.reshape(len(rows), -1) if len(rows) else np.zeros((0, 12))
        self.boxes, self.side, self.glance, self.scores = rows[:, :4], rows[:, 4], rows[:, 5], rows[:, 10:]

    def alone(self):
        size = np.log(np.clip(self.side, 1, LARGEST) / UNIT)[:, None]
        o = odds(self.scores)
        pairs = np.stack([o, o * size], 2).reshape(len(o), 2 * o.shape[1])
        return np.concatenate([pairs, size, size**2], 1)

    def among(self, p):
        """With the context that context.rs computes from the probabilities before it."""
        b, n = self.boxes, len(self.boxes)
        if not n:
            return np.zeros((0, self.alone().shape[1] + 2))
        side = np.maximum(np.maximum(b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]), 1e-3)
        x, y = (b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2
        distance = np.hypot(x[:, None] - x, y[:, None] - y) / np.sqrt(side[:, None] * side)
        like = np.exp(-0.5 * (np.log(side[:, None] / side) / SIZES) ** 2 - distance / REACH)
        share = shared(b, b) / np.minimum(area(b)[:, None], area(b)[None])
        q = np.where(p >= WORTH_HEARING, p, 0)
        other = (share < APART) & ~np.eye(n, dtype=bool)
        company = np.log1p(3 * (other * like * q[None] ** 2).sum(1))
        overlap = np.where((share >= TOUCH) & (q[None] > p[:, None]), share * q[None], 0).max(1)
        return np.concatenate([self.alone(), company[:, None], overlap[:, None]], 1)

    def again(self, p):
        size = np.log(np.clip(self.side, 1, LARGEST) / UNIT)
        o = odds(self.glance)
        return np.concatenate([self.among(p), o[:, None], (o * size)[:, None]], 1)


def fit(x, y, w):
    """Weighted logistic regression with a ridge of 1 on the standardised features, by Newton's method."""
    x, y, w = x[w > 0], y[w > 0], w[w > 0]
    mean, std = x.mean(0), x.std(0) + 1e-6
    z = np.concatenate([(x - mean) / std, np.ones((len(x), 1))], 1)
    b, ridge = np.zeros(z.shape[1]), np.diag([1.0] * (z.shape[1] - 1) + [0.0])
    for _ in range(60):
        p = 1 / (1 + np.exp(-z @ b))
        step = np.linalg.solve((z * (w * p * (1 - p))[:, None]).T @ z + ridge, z.T @ (w * (p - y)) + ridge @ b)
        b -= np.clip(step, -2, 2)
    raw = b[:-1] / std
    return np.append(raw, b[-1] - (raw * mean).sum())


def probability(x, b):
    return 1 / (1 + np.exp(-(x @ b[:-1] + b[-1])))


class Stages:
    """The three regressions, fitted one after the other on the pictures `names`."""

    def __init__(self, proposals, labels, names, doubt):
        self.doubt = doubt
        names = [n for n in names if len(proposals[n].boxes)]
        y, w = (np.concatenate([labels[n][k] for n in names]) for k in (0, 1))
        of = lambda features: np.concatenate([features(n) for n in names])
        self.alone = fit(of(lambda n: proposals[n].alone()), y, w)
        first = {n: probability(proposals[n].alone(), self.alone) for n in names}
        x = of(lambda n: proposals[n].among(first[n]))
        self.among = fit(x, y, w)
        # The last one learns from what it will be asked about, and a little more on either side.
        p, (low, sure) = probability(x, self.among), doubt
        asked = (p >= 0.6 * low) & (p < 1 - 0.6 * (1 - sure))
        self.again = fit(of(lambda n: proposals[n].again(first[n])), y, w * asked)

    def __call__(self, proposal):
        """Probabilities, and which of them took a second look."""
        first = probability(proposal.alone(), self.alone)
        p = probability(proposal.among(first), self.among)
        asked = (p >= self.doubt[0]) & (p < self.doubt[1])
        return np.where(asked, probability(proposal.again(first), self.again), p), asked


def rust(name, doc, stages):
    row = lambda b: '&[' + ', '.join(f'{v:.4f}' for v in b) + ']'
    parts = ''.join(f'    {k}: {row(getattr(stages, k))},\n' for k in ('alone', 'among', 'again'))
    return f'/// {doc}\npub(super) const {name}: Judges = Judges {{\n{parts}}};\n'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('evidence'), p.add_argument('set')
    p.add_argument('--name', default='BALANCED'), p.add_argument('--doc', default='Fitted.')
    p.add_argument('--cost', type=float, default=0.3), p.add_argument('--area-cost', type=float, default=0.3)
    p.add_argument('--margin', type=float, default=MARGIN)
    p.add_argument('--doubt', type=float, nargs=2, default=[0.12, 0.75])
    p.add_argument('--threshold', type=float, nargs='+', default=[0.12, 0.15, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28, 0.3, 0.33, 0.36, 0.4, 0.45, 0.5, 0.6])
    a = p.parse_args()
    truth = ground_truth(os.path.join(a.set, 'ground_truth.txt'))
    proposals, preset = {}, 'unknown'
    for line in open(a.evidence):
        d = json.loads(line)
        if 'preset' in d:
            preset = f"{d['preset']}, {d['digest']}"
            continue
        name = os.path.relpath(os.path.abspath(d['picture']), os.path.abspath(os.path.join(a.set, 'images')))
        proposals[name] = Proposals(d['rows'])
    # Pictures that another plan looks at, with another number of looks, are left out.
    counts = [q.scores.shape[1] for q in proposals.values() if len(q.boxes)]
    looks = max(set(counts), key=counts.count)
    proposals = {n: q for n, q in proposals.items() if q.scores.shape[1] == looks or not len(q.boxes)}
    for q in proposals.values():
        if not len(q.boxes):
            q.scores = np.zeros((0, looks))
    names = sorted(proposals)
    pictures = {n: Picture(os.path.join(a.set, 'images', n), truth[n]) for n in names}
    labels = {n: pictures[n].label(proposals[n].boxes, a.margin, a.cost, a.area_cost) for n in names}
    out, asked = {}, []
    for fold in range(FOLDS):
        stages = Stages(proposals, labels, [n for k, n in enumerate(names) if k % FOLDS != fold], a.doubt)
        for n in names[fold::FOLDS]:
            out[n], doubtful = stages(proposals[n])
            asked.append(doubtful.sum())
    print(f'// evidence of {preset}')
    print(f'// {len(names)} pictures, {sum(len(q.boxes) for q in proposals.values())} proposals, second looks per picture: {np.mean(asked):.1f}; cross-validated:')
    thresholds = sorted(a.threshold, reverse=True)
    total = sum(pictures[n].measure(proposals[n].boxes, out[n], thresholds, a.margin) for n in names)
    small, large = (sum(f[5] == k for n in names for f in pictures[n].faces) for k in (0, 1))
    for t, (e8, e16, over, false) in zip(thresholds, total):
        print(f'// threshold {t:.2f}: exposed 16+ {100 * e16 / large:5.2f} %  8-16 {100 * e8 / max(1, small):5.1f} %  over {100 * over / len(names):.3f} %  false {false / len(names):.2f}')
    print(rust(a.name, a.doc, Stages(proposals, labels, names, a.doubt)))


main()
