#!/usr/bin/env python3
"""Fits the decision of src/detect/decide.rs on labelled pictures and prints the weights for src/detect/weights_of_evidence.rs.

    cargo run --release --example evidence -- balanced features=features.f32 SET/images/*/*.jpg > evidence.jsonl
    python3 scripts/fit_decision.py evidence.jsonl SET features.f32 --name BALANCED --doubt 0.06 0.9

The judge must not have been trained on the pictures of SET.
The first line of the evidence is the digest of the preset that made it; what is printed names it, since evidence of other
looks or thresholds than the program's is worth nothing. SET holds images/ and ground_truth.txt in the format of WIDER FACE. Needs: pip install numpy opencv-python-headless

Features and contexts are those of decide.rs and context.rs. A proposal is a face if its mask covers at least 75 % of a
labelled one of about its size. A face weighs 1, one that is neither heavily blurred nor heavily occluded 2 (3 from 32 px on),
since somebody could recognise it; 0.3 below 16 px of height, 0.05 below 8, 0 where the label is marked invalid. What covers no
face weighs --cost, and --area-cost for each percent of the picture that its mask would cover outside every labelled box
doubled (at most 3 %), since that is what a false mask costs; one that covers nothing there is left out, and one that lies
over a face without covering it weighs its area alone. Since what is learned is the odds of a face over what a mistake costs, the two are prices: their ratio says whether many
small false masks or few large ones are the lesser evil, and a preset is fitted with the ratio that its limits ask for.

Results are cross-validated over five folds of pictures, stage by stage; the weights printed are fitted on all.
"""
import argparse, json, os, re, struct
import cv2
import numpy as np
from split import read_labels

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
COVERED = 0.75
ALIKE = 0.3  # least intersection over union of a box and the face that it covers


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


def face_weight(label):
    """How much a labelled face matters: by size, and whether somebody could recognise it."""
    height, clear = label[3], label[4] < 2 and label[8] < 2
    if label[7] or height < 8:
        return 0.05 * (not label[7])
    if height < 16:
        return 0.3
    return (3.0 if height >= 32 else 2.0) if clear else 1.0


class Picture:
    """The labels of one picture, and exposure, over-blur and false masks as docs/accuracy.md defines them."""

    def __init__(self, path, truth):
        self.height, self.width = cv2.imread(path).shape[:2]
        self.truth, self.faces = truth, []
        self.grown = np.zeros((self.height, self.width), np.uint8)
        for t in truth:
            x, y, w, h = t[:4]
            cv2.rectangle(self.grown, (int(x - w / 2), int(y - h / 2)), (int(x + 1.5 * w), int(y + 1.5 * h)), 1, -1)
            if not t[7] and h >= 8:
                part = self.ellipse(t)
                if part:
                    clear = t[4] < 2 and t[8] < 2
                    self.faces.append((part, h < 16, h >= 16, clear and h >= 16, clear and h >= 32))

    def ellipse(self, label):
        """Where the ellipse of a labelled face lies in the picture, and its pixels; nothing if outside."""
        x, y, w, h = label[:4]
        e = np.zeros((h, w), np.uint8)
        cv2.ellipse(e, (w // 2, h // 2), (max(1, w // 2), max(1, h // 2)), 0, 0, 360, 1, -1)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(self.width, x + w), min(self.height, y + h)
        if x1 <= x0 or y1 <= y0:
            return None
        e = e[y0 - y : y1 - y, x0 - x : x1 - x]
        return (x0, y0, x1, y1, e) if cv2.countNonZero(e) else None

    def is_covered(self, label, mask, left, top):
        """Whether a part of the picture that is masked covers a labelled face."""
        part = self.ellipse(label)
        if not part:
            return False
        x0, y0, x1, y1, e = part
        a, b, c, d = max(x0, left), max(y0, top), min(x1, left + mask.shape[1]), min(y1, top + mask.shape[0])
        if c <= a or d <= b:
            return False
        shared = e[b - y0 : d - y0, a - x0 : c - x0] & mask[b - top : d - top, a - left : c - left]
        return cv2.countNonZero(shared) >= COVERED * cv2.countNonZero(e)

    def outside(self, mask):
        return cv2.countNonZero(mask & (1 - self.grown)) / (self.height * self.width)

    def label(self, boxes, margin, cost, area_cost, least=ALIKE, strict=True):
        """Per proposal: whether its mask covers a face, of which its box shares `least`, and the weight of that. What
        shares as much and does not cover it weighs its area if `strict`, else nothing."""
        y, w = np.zeros(len(boxes)), np.zeros(len(boxes))
        truth = np.array([t[:4] for t in self.truth], float).reshape(-1, 4)
        truth[:, 2:] += truth[:, :2]
        alike = iou(boxes, truth) if len(truth) else np.zeros((len(boxes), 0))
        for k, box in enumerate(boxes):
            # Only the window that the mask reaches is painted.
            reach = [(box[2 + n] - box[n]) / 2 * margin + ROOM + 2 for n in (0, 1)]
            middle = [(box[n] + box[2 + n]) / 2 for n in (0, 1)]
            x0, y0 = (max(0, int(middle[n] - reach[n])) for n in (0, 1))
            x1, y1 = min(self.width, int(middle[0] + reach[0]) + 1), min(self.height, int(middle[1] + reach[1]) + 1)
            if x1 <= x0 or y1 <= y0:
                continue
            mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
            paint(mask, np.array(box) - [x0, y0, x0, y0], margin)
            near = np.flatnonzero(alike[k] > least)
            covered = [j for j in near if self.is_covered(self.truth[j], mask, x0, y0)]
            if covered:
                y[k], w[k] = 1, max(face_weight(self.truth[j]) for j in covered)
                continue
            if len(near) and not strict:
                continue
            out = 100 * cv2.countNonZero(mask & (1 - self.grown[y0:y1, x0:x1])) / (self.height * self.width)
            if out > 0:
                w[k] = cost * (not len(near)) + area_cost * min(out, 3)
        return y, w

    def measure(self, boxes, p, thresholds, margin):
        """Per threshold, falling: faces exposed of 8-16 px, of 16 px and more, clear ones of 16 and of 32 and more,
        whether any clear one is, share of over-blur, false masks."""
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
                left = [f for f in left if bare(f[0], mask)]
                over, false = self.outside(mask), 0
                if over:
                    n, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
                    touched = np.zeros(n, bool)
                    touched[np.unique(parts[self.grown > 0])] = True
                    false = int((~touched & (stats[:, 4] >= 16))[1:].sum())
            kinds = [sum(f[k] for f in left) for k in (1, 2, 3, 4)]
            rows.append([*kinds, kinds[2] > 0, over, false])
        return np.array(rows, float)


def bare(part, mask):
    """Whether less than 75 % of an ellipse is masked."""
    x0, y0, x1, y1, e = part
    return cv2.countNonZero(e & mask[y0:y1, x0:x1]) < COVERED * cv2.countNonZero(e)


def odds(s):
    s = np.clip(s, LEAST, 1 - LEAST)
    return np.log(s / (1 - s))


class Proposals:
    """One line of `evidence`: what was seen of each box of a picture."""

    def __init__(self, rows):
        rows = np.array(rows, float)
        rows = rows.reshape(len(rows), -1) if len(rows) else np.zeros((0, 13))
        self.boxes, self.side, self.glance, self.scores = rows[:, :4], rows[:, 4], rows[:, 5], rows[:, 10:-1]
        # Where its features are, -1 for none; what the judge makes of them is filled in later.
        self.index = rows[:, -1].astype(int)
        self.judged = np.zeros(len(rows))

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
        o, j = odds(self.glance), self.judged
        return np.concatenate([self.among(p), np.stack([o, o * size, j, j * size], 1)], 1)


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


def shipped(name):
    """The weights of src/detect/weights_of_evidence.rs."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../src/detect/weights_of_evidence.rs')
    block = re.search(f'const {name}: Judges = Judges {{(.*?)}};', open(path).read(), re.S).group(1)
    numbers = lambda kind: re.search(kind + r': &\[(.*?)\]', block, re.S).group(1).split(',')
    return {k: np.array([float(v) for v in numbers(k) if v.strip()]) for k in ('alone', 'among', 'again')}


class Adjusted(Stages):
    """Shipped regressions; only how much the last one and the judge count is fitted."""

    def __init__(self, proposals, labels, names, doubt, weights):
        self.doubt = doubt
        for k, v in weights.items():
            setattr(self, k, v.copy())
        names = [n for n in names if len(proposals[n].boxes)]
        x, y, w = [], [], []
        for n in names:
            q = proposals[n]
            first = probability(q.alone(), self.alone)
            p = probability(q.among(first), self.among)
            asked = (p >= 0.6 * doubt[0]) & (p < 1 - 0.6 * (1 - doubt[1])) & (q.index >= 0)
            before = np.delete(q.again(first), [-2, -1], 1) @ np.delete(self.again, [-3, -2, -1])
            x.append(np.stack([before, q.judged], 1)[asked])
            y.append(labels[n][0][asked]), w.append(labels[n][1][asked])
        scale, judge, constant = fit(*(np.concatenate(v) for v in (x, y, w)))
        self.again = np.concatenate([scale * self.again[:-3], [judge, 0, constant]])


def rust(name, doc, stages):
    row = lambda b: '&[' + ', '.join(f'{v:.4f}' for v in b) + ']'
    parts = ''.join(f'    {k}: {row(getattr(stages, k))},\n' for k in ('alone', 'among', 'again'))
    return f'/// {doc}\npub(super) const {name}: Judges = Judges {{\n{parts}}};\n'


def judged(proposals, features, judge):
    """Fills in what the judge of models/judge.safetensors says."""
    with open(judge, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    def tensor(name):
        begin, end = header[name]['data_offsets']
        if header[name]['dtype'] == 'BF16':
            numbers = (np.frombuffer(data[begin:end], np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            numbers = np.frombuffer(data[begin:end], np.float32)
        return numbers.reshape(header[name]['shape'])
    hidden, bias, output, constant = (tensor(n) for n in ('hidden.weight', 'hidden.bias', 'output.weight', 'output.bias'))
    features = np.memmap(features, np.float32, 'r').reshape(-1, hidden.shape[1])
    for q in proposals.values():
        use = q.index >= 0
        if use.any():
            q.judged[use] = np.clip(np.maximum(features[q.index[use]] @ hidden.T + bias, 0) @ output + constant, -12, 12)


class Turned:
    """The regression for single faces of turned pictures, fitted on the pictures `names`."""

    def __init__(self, proposals, labels, names):
        names = [n for n in names if len(proposals[n].boxes)]
        y, w = (np.concatenate([labels[n][k] for n in names]) for k in (0, 1))
        self.weights = fit(np.concatenate([self.features(proposals[n]) for n in names]), y, w)

    def features(self, q):
        return np.delete(q.again(np.zeros(len(q.boxes))), [4, 5], 1)

    def __call__(self, q):
        return probability(self.features(q), self.weights), np.ones(len(q.boxes), bool)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('evidence'), p.add_argument('set'), p.add_argument('features')
    p.add_argument('--judge', default=os.path.join(os.path.dirname(__file__), '../models/judge.safetensors'))
    p.add_argument('--name', default='BALANCED'), p.add_argument('--doc', default='Fitted.')
    p.add_argument('--cost', type=float, default=0.3), p.add_argument('--area-cost', type=float, default=0.3)
    p.add_argument('--margin', type=float, default=MARGIN)
    p.add_argument('--doubt', type=float, nargs=2, default=[0.06, 0.9])
    p.add_argument('--threshold', type=float, nargs='+', default=[0.12, 0.15, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28, 0.3, 0.33, 0.36, 0.4, 0.45, 0.5, 0.6])
    p.add_argument('--check', nargs=3, help='evidence, set and features of other pictures, which are only measured')
    p.add_argument('--turned', nargs=2, help='evidence and features of the same pictures turned, to fit that, too')
    p.add_argument('--default', type=float, default=0.26, help='threshold of upright faces, for --turned')
    p.add_argument('--json', help='a file for the weights')
    p.add_argument('--adjust', action='store_true', help='keep the shipped weights; fit how much the last stage and the judge count')
    a = p.parse_args()
    proposals, pictures, labels, preset = read(a.evidence, a.set, a.features, a)
    names = sorted(proposals)
    if a.adjust:
        fitted = lambda some: Adjusted(proposals, labels, some, a.doubt, shipped(a.name))
    else:
        fitted = lambda some: Stages(proposals, labels, some, a.doubt)
    out, asked = {}, []
    for fold in range(FOLDS):
        stages = fitted([n for k, n in enumerate(names) if k % FOLDS != fold])
        for n in names[fold::FOLDS]:
            out[n], doubtful = stages(proposals[n])
            asked.append(doubtful.sum())
    print(f'// evidence of {preset}')
    print(f'// {len(names)} pictures, {sum(len(q.boxes) for q in proposals.values())} proposals, second looks per picture: {np.mean(asked):.1f}; cross-validated:')
    table(proposals, pictures, out, a)
    stages = fitted(names)
    weights = {a.name: {k: list(getattr(stages, k)) for k in ('alone', 'among', 'again')}}
    if a.turned:
        weights['TURNED'] = list(fit_turned(proposals, pictures, out, a))
    if a.json:
        json.dump(weights, open(a.json, 'w'))
    if a.check:
        proposals, pictures, _, _ = read(*a.check, a)
        print(f'// {len(proposals)} pictures that nothing was fitted on:')
        table(proposals, pictures, {n: stages(q)[0] for n, q in proposals.items()}, a)
    print(rust(a.name, a.doc, stages))


def fit_turned(upright, pictures, p, a):
    """Fits the regression for what only turned pictures show, and prints what it adds at each of its thresholds."""
    found = {}
    for line in open(a.turned[0]):
        d = json.loads(line)
        if 'picture' in d and d['rows']:
            name = os.path.relpath(os.path.abspath(d['picture']), os.path.abspath(os.path.join(a.set, 'images')))
            found.setdefault(name, []).extend(d['rows'])
    found = {n: Proposals(rows) for n, rows in found.items() if n in upright}
    judged(found, a.turned[1], a.judge)
    labels, known, out = {}, {}, {}
    for n, q in found.items():
        known[n] = upright[n].boxes[p[n] >= a.default]
        x, y = (q.boxes[:, 0] + q.boxes[:, 2]) / 2, (q.boxes[:, 1] + q.boxes[:, 3]) / 2
        k = known[n]
        held = (k[:, 0] <= x[:, None]) & (x[:, None] < k[:, 2]) & (k[:, 1] <= y[:, None]) & (y[:, None] < k[:, 3])
        new = ~held.any(1)
        labels[n] = pictures[n].label(q.boxes, a.margin, a.cost, a.area_cost)
        labels[n] = labels[n][0], labels[n][1] * new
        q.new = new
    names = sorted(found)
    for fold in range(FOLDS):
        turned = Turned(found, labels, [n for k, n in enumerate(names) if k % FOLDS != fold])
        for n in names[fold::FOLDS]:
            out[n] = turned(found[n])[0] * found[n].new
    both, sure = {}, {}
    for n, q in upright.items():
        more = found[n].boxes if n in found else np.zeros((0, 4))
        both[n] = Proposals([])
        kept = p[n] >= a.default
        both[n].boxes = np.concatenate([q.boxes[kept], more])
        sure[n] = np.concatenate([np.full(kept.sum(), 1.0), out[n] if n in found else np.zeros(0)])
    table(both, pictures, sure, a)
    print(f'// {sum(q.new.sum() for q in found.values())} sightings in turned pictures')
    weights = Turned(found, labels, names).weights
    print(f"pub(super) const TURNED: &[f32] = &[{', '.join(f'{v:.4f}' for v in weights)}];")
    return weights


def read(evidence, folder, features, a):
    """Proposals, pictures and labels by name, and what made the evidence."""
    truth = read_labels(os.path.join(folder, 'ground_truth.txt'))
    proposals, preset = {}, 'unknown'
    for line in open(evidence):
        d = json.loads(line)
        if 'preset' in d:
            preset = f"{d['preset']}, {d['digest']}"
            continue
        name = os.path.relpath(os.path.abspath(d['picture']), os.path.abspath(os.path.join(folder, 'images')))
        proposals[name] = Proposals(d['rows'])
    # Pictures that another plan looks at, with another number of looks, are left out.
    counts = [q.scores.shape[1] for q in proposals.values() if len(q.boxes)]
    looks = max(set(counts), key=counts.count)
    proposals = {n: q for n, q in proposals.items() if q.scores.shape[1] == looks or not len(q.boxes)}
    for q in proposals.values():
        if not len(q.boxes):
            q.scores = np.zeros((0, looks))
    judged(proposals, features, a.judge)
    pictures = {n: Picture(os.path.join(folder, 'images', n), truth[n]) for n in proposals}
    labels = {n: pictures[n].label(q.boxes, a.margin, a.cost, a.area_cost) for n, q in proposals.items()}
    return proposals, pictures, labels, preset


def table(proposals, pictures, out, a):
    thresholds = sorted(a.threshold, reverse=True)
    total = sum(pictures[n].measure(proposals[n].boxes, out[n], thresholds, a.margin) for n in proposals)
    counts = [max(1, sum(f[k] for p in pictures.values() for f in p.faces)) for k in (1, 2, 3, 4)]
    for t, (*kinds, opened, over, false) in zip(thresholds, total):
        small, large, clear, clear32 = (100 * k / n for k, n in zip(kinds, counts))
        print(f'// threshold {t:.2f}: with an open clear face {100 * opened / len(pictures):5.2f} %  clear 16+ {clear:5.2f} %  32+ {clear32:5.2f} %  exposed 16+ {large:5.2f} %  8-16 {small:5.1f} %  over {100 * over / len(pictures):.3f} %  false {false / len(pictures):.2f}')


if __name__ == '__main__':
    main()
