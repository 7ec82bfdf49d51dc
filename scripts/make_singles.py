#!/usr/bin/env python3
"""Makes pictures with one turned face each among people on their feet, from labelled pictures.

    python3 scripts/make_singles.py SET --out FOLDER [--held] [--count 300]

A clear face of one picture is cut out with its hair, turned by a multiple of 30 degrees, made 22 to 100 pixels high, and
pasted into another picture where no face is labelled. FOLDER gets images/, ground_truth.txt in the format of WIDER FACE, and
meta.json: ellipse (middle, half width, half height), angle and height of each turned face. Pictures that stay out of every
fit (`split.py`) are not used; `--held` takes the third of the others that weights are compared on, else the rest is taken.
The results are pictures of other people's: for measuring only.

    faceveil detect FOLDER/images > found.jsonl
    python3 scripts/make_singles.py --judge FOLDER found.jsonl

prints how many of the turned faces are covered to at least 75 %, by angle and by height.

Needs: pip install numpy opencv-python-headless
"""
import argparse, hashlib, json, math, os
from collections import defaultdict
import cv2
import numpy as np
from split import is_kept_out, read_labels

MARGIN, ROOM, NEED = 1.7, 1.5, 0.75


def is_held(name):
    stem = os.path.splitext(os.path.basename(name))[0]
    return int(hashlib.sha256(stem.encode()).hexdigest()[8:16], 16) % 3 == 0


def is_plain(b):
    """A face that is clear, as it usually looks, and large enough to be made smaller."""
    return not any(b[4:6] + b[7:10]) and 60 <= b[3] <= 400 and 0.55 < b[2] / b[3] < 1.1


def is_apart(middle, reach, boxes):
    gap = lambda b, axis: abs(b[axis] + b[axis + 2] / 2 - middle[axis]) - b[axis + 2] / 2 - reach[axis]
    return all(gap(b, 0) > 0 or gap(b, 1) > 0 for b in boxes)


def pasted(image, middle, reach, onto, at, scale, angle):
    """`onto` with the ellipse of `image` about `middle`, made larger by `scale`, turned clockwise and feathered."""
    c, s = math.cos(angle), math.sin(angle)
    m = np.array([[c * scale, -s * scale, 0], [s * scale, c * scale, 0]])
    m[:, 2] = at - m[:, :2] @ middle
    small = m.copy()
    if scale < 0.6:  # warpAffine does not average
        image = cv2.resize(image, None, fx=1.3 * scale, fy=1.3 * scale, interpolation=cv2.INTER_AREA)
        small[:, :2] /= 1.3 * scale
    height, width = onto.shape[:2]
    turned = cv2.warpAffine(image, small, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    y, x = np.mgrid[0:height, 0:width]
    dx, dy = x - at[0], y - at[1]
    u, v = (c * dx + s * dy) / (reach[0] * scale), (c * dy - s * dx) / (reach[1] * scale)
    alpha = np.clip((1 - np.hypot(u, v)) * 5, 0, 1)[..., None]
    return np.round(onto * (1 - alpha) + turned * alpha).astype(np.uint8), m


def make(a):
    labels = read_labels(os.path.join(a.set, 'ground_truth.txt'))
    names = [n for n in sorted(labels) if not is_kept_out(n) and is_held(n) == a.held]
    rng = np.random.default_rng(5)
    faces = [(n, b) for n in names for b in labels[n] if is_plain(b)]
    grounds = [n for n in names if 1 <= sum(b[3] >= 16 for b in labels[n]) <= 25]
    rng.shuffle(faces), rng.shuffle(grounds)
    read = lambda name: cv2.imread(os.path.join(a.set, 'images', name))
    os.makedirs(os.path.join(a.out, 'images'), exist_ok=True)
    meta, truth = {}, []
    for k, (name, face) in enumerate(faces):
        if len(meta) == a.count:
            break
        x, y, w, h = face[:4]
        middle, reach = np.array([x + w / 2, y + 0.42 * h]), np.array([0.95 * w, 0.95 * h])
        scale = math.exp(rng.uniform(math.log(22), math.log(100))) / h
        image, onto = read(name), read(grounds[k % len(grounds)])
        boxes = labels[grounds[k % len(grounds)]]
        inside = (middle >= reach).all() and (middle + reach <= image.shape[1::-1]).all()
        if not inside or scale > 1.2 or not is_apart(middle, reach, [b for b in labels[name] if b is not face]):
            continue
        radius, size = math.hypot(*reach) * scale, np.array(onto.shape[1::-1])
        if (size <= 2 * radius).any():
            continue
        tries = [rng.uniform(radius, size - radius) for _ in range(60)]
        at = next((t for t in tries if is_apart(t, (radius + 4,) * 2, boxes)), None)
        if at is None:
            continue
        angle = math.radians(30 * (len(meta) % 12))
        picture, m = pasted(image, middle, reach, onto, at, scale, angle)
        fx, fy = m @ [x + w / 2, y + h / 2, 1]
        c, s = math.cos(angle), math.sin(angle)
        wide, high = (scale / 2 * math.hypot(p * c, q * s) for p, q in ((w, h), (h, w)))
        made = f's{len(meta):03d}.png'
        cv2.imwrite(os.path.join(a.out, 'images', made), picture)
        meta[made] = {'ellipse': [fx, fy, wide, high], 'angle': round(math.degrees(angle)), 'height': scale * h}
        rows = boxes + [[int(fx - wide), int(fy - high), int(2 * wide), int(2 * high)] + [0] * 6]
        truth.append(f'{made}\n{len(rows)}\n' + ''.join(' '.join(map(str, r)) + '\n' for r in rows))
    json.dump(meta, open(os.path.join(a.out, 'meta.json'), 'w'))
    open(os.path.join(a.out, 'ground_truth.txt'), 'w').write(''.join(truth))
    print(len(meta), 'pictures')


def judge(folder, report):
    meta = json.load(open(os.path.join(folder, 'meta.json')))
    count = defaultdict(lambda: [0, 0])
    grid = (np.arange(21) + 0.5) / 21 * 2 - 1
    u, v = np.meshgrid(grid, grid)
    u, v = u[u**2 + v**2 <= 1], v[u**2 + v**2 <= 1]
    for found in (f for f in map(json.loads, open(report)) if 'input' in f):
        face = meta[os.path.basename(found['input'])]
        x, y, wide, high = face['ellipse']
        hit = np.zeros(len(u), bool)
        for left, top, w, h in (f['box'] for f in found['faces']):
            dx, dy = x + u * wide - left - w / 2, y + v * high - top - h / 2
            hit |= (dx / (w / 2 * MARGIN + ROOM)) ** 2 + (dy / (h / 2 * MARGIN + ROOM)) ** 2 <= 1
        lean = min(face['angle'], 360 - face['angle'])
        size = next(s for s in (32, 56, 999) if face['height'] < s)
        for kind in [f'{lean} degrees'] + ([f'below {size} px, above 30 degrees', 'above 30 degrees'] if lean > 30 else []):
            count[kind][0] += hit.mean() >= NEED
            count[kind][1] += 1
    for kind, (covered, all_) in sorted(count.items()):
        print(f'{kind}: {covered} of {all_}')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('set', nargs='?'), p.add_argument('--out'), p.add_argument('--held', action='store_true')
    p.add_argument('--count', type=int, default=300)
    p.add_argument('--judge', nargs=2, metavar=('FOLDER', 'FOUND'))
    a = p.parse_args()
    judge(*a.judge) if a.judge else make(a)


if __name__ == '__main__':
    main()
