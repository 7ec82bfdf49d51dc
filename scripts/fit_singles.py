#!/usr/bin/env python3
"""Fits the judgement of single turned faces, src/detect/single.rs, and prints the weights for weights_of_evidence.rs.

    python3 scripts/make_singles.py SET --out SINGLES
    cargo run --release --example evidence -- balanced turns PICTURE... > turns.jsonl
    python3 scripts/fit_singles.py turns.jsonl SET SINGLES...

PICTURE: those of SINGLES, made pictures with one turned face each, and of SET as they are, with and without faces. A
sighting is right if it covers at least 75 % of the ellipse in a labelled box that is not much smaller. A right one weighs 1,
or 0.3 if the label says heavy blur or heavy occlusion; one far from every labelled box weighs --cost; the rest is left out. Results are cross-validated over five folds of pictures; the weights printed are fitted on all.

Needs: pip install numpy
"""
import argparse, json, os
import numpy as np
from fit_decision import fit, probability
from split import is_kept_out, read_labels

FEATURES, FOLDS, MARGIN, ROOM, NEED, ALIKE = 6, 5, 1.7, 1.5, 0.75, 0.5
GRID = (np.arange(15) + 0.5) / 15 * 2 - 1
U, V = (a[np.hypot(*np.meshgrid(GRID, GRID)) <= 1] for a in np.meshgrid(GRID, GRID))


def covered(box, label):
    """Share of the label's ellipse that the mask of a box covers."""
    x, y, w, h = label[:4]
    a, b = (box[2] - box[0]) / 2 * MARGIN + ROOM, (box[3] - box[1]) / 2 * MARGIN + ROOM
    dx, dy = x + w / 2 + U * w / 2 - (box[0] + box[2]) / 2, y + h / 2 + V * h / 2 - (box[1] + box[3]) / 2
    return float(np.mean((dx / a) ** 2 + (dy / b) ** 2 <= 1))


def judged(box, labels, cost):
    """Right or not, and weight."""
    longest = max(box[2] - box[0], box[3] - box[1])
    alike = [l for l in labels if not l[7] and max(l[2], l[3]) >= ALIKE * longest]
    best = max(((covered(box, l), -max(l[4], l[8])) for l in alike), default=None)
    if best and best[0] >= NEED:
        return 1, 0.3 if -best[1] >= 2 else 1.0
    apart = all(
        abs((box[0] + box[2]) / 2 - l[0] - l[2] / 2) > l[2] + (box[2] - box[0]) * MARGIN / 2
        or abs((box[1] + box[3]) / 2 - l[1] - l[3] / 2) > l[3] + (box[3] - box[1]) * MARGIN / 2
        for l in labels
    )
    return 0, cost if apart else 0.0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('evidence'), p.add_argument('sets', nargs='+')
    p.add_argument('--cost', type=float, default=1.0)
    p.add_argument('--closer', action='store_true', help="take the close-up's box where there is one")
    a = p.parse_args()
    labels = {}
    for folder in a.sets:
        for name, boxes in read_labels(os.path.join(folder, 'ground_truth.txt')).items():
            labels[os.path.abspath(os.path.join(folder, 'images', name))] = boxes
    made = lambda path: os.path.exists(os.path.join(os.path.dirname(os.path.dirname(path)), 'meta.json'))
    pictures = []
    for line in map(json.loads, open(a.evidence)):
        path = os.path.abspath(line.get('picture', ''))
        if 'picture' in line and (made(path) or not is_kept_out(path)):
            pictures.append((path, np.array(line['rows'], float).reshape(-1, 8 + FEATURES)))
    rows = []
    for number, (path, found) in enumerate(pictures):
        for r in found:
            box = r[4:8] if a.closer and r[6] > r[4] else r[:4]
            rows.append((number % FOLDS, number, made(path), *judged(box, labels.get(path, []), a.cost), *r[8:]))
    rows = np.array(rows)
    fold, number, synthetic, y, w, x = rows[:, 0], rows[:, 1], rows[:, 2] > 0, rows[:, 3], rows[:, 4], rows[:, 5:]
    p = np.zeros(len(rows))
    for k in range(FOLDS):
        p[fold == k] = probability(x[fold == k], fit(x[fold != k], y[fold != k], w[fold != k]))
    natural = sum(not made(path) for path, _ in pictures)
    print(f'// {len(pictures)} pictures, {natural} of them not made; {len(rows)} sightings, {int(y.sum())} right; cross-validated:')
    single = {n for n, (path, _) in enumerate(pictures) if made(path)}
    for t in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        some = p >= t
        print(
            f'// threshold {t:.1f}: {len(set(number[some & synthetic & (y > 0)]))} of {len(single)} made pictures;',
            f'others: {int((some & ~synthetic & (y > 0)).sum())} right,',
            f'{(some & ~synthetic & (y == 0) & (w > 0)).sum() / max(1, natural):.3f} false a picture',
        )
    print('pub(super) const SINGLES: &[f32] = &[' + ', '.join(f'{v:.4f}' for v in fit(x, y, w)) + '];')


if __name__ == '__main__':
    main()
