#!/usr/bin/env python3
"""Makes a varied copy of a labelled set: what the judge learns from besides the pictures as they are.

    python3 scripts/vary_pictures.py SET OUT --limit 700

Each picture is mirrored half of the time, and gets up to three of: another size, a tilt, low light, a colour cast, blur,
motion blur, noise, strong compression. Labels follow; a tilted face gets the upright box that its ellipse needs. Pictures
that `split.py` keeps out are left out. A SET without ground_truth.txt holds pictures without faces.

Needs: pip install numpy opencv-python-headless
"""
import argparse, math, os
import cv2
import numpy as np
from split import is_kept_out, read_labels


def moved(picture, boxes, matrix, size):
    """The picture and its boxes after an affine map."""
    flat = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_AREA if matrix[0, 0] < 0.9 else cv2.INTER_LINEAR)
    scale, angle = math.hypot(*matrix[0, :2]), math.atan2(matrix[1, 0], matrix[0, 0])
    out = []
    for x, y, w, h, *rest in boxes:
        cx, cy = matrix @ [x + w / 2, y + h / 2, 1]
        # The box of a turned ellipse.
        nw = scale * math.hypot(w * math.cos(angle), h * math.sin(angle))
        nh = scale * math.hypot(h * math.cos(angle), w * math.sin(angle))
        if 0 < cx < size[0] and 0 < cy < size[1]:
            box = [round(cx - nw / 2), round(cy - nh / 2), max(1, round(nw)), max(1, round(nh))]
            out.append(box + rest)
    return flat, out


def varied(picture, boxes, random):
    height, width = picture.shape[:2]
    if random.random() < 0.5:
        picture = picture[:, ::-1].copy()
        boxes = [[width - x - w, y, w, h, *rest] for x, y, w, h, *rest in boxes]
    kinds = random.choice(8, random.integers(1, 4), replace=False)
    if 0 in kinds:
        s = math.exp(random.uniform(-0.7, 0.4))
        s = min(s, 1400 / max(height, width))
        size = (max(64, round(width * s)), max(64, round(height * s)))
        picture, boxes = moved(picture, boxes, np.array([[s, 0, 0], [0, s, 0]], float), size)
        height, width = picture.shape[:2]
    if 1 in kinds:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-40, 40), 1)
        picture, boxes = moved(picture, boxes, matrix, (width, height))
    picture = picture.astype(np.float32)
    if 2 in kinds:
        picture = picture * math.exp(random.uniform(-3, -0.7)) + random.normal(0, 1.5, picture.shape)
    if 3 in kinds:
        picture = picture * np.exp(random.uniform(-0.5, 0.3, 3))
    if 4 in kinds:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.6, 2.2))
    if 5 in kinds:
        length, angle = int(random.integers(3, 12)), random.uniform(0, math.pi)
        line = np.zeros((length, length), np.float32)
        middle, reach = (length - 1) / 2, (length - 1) / 2 * np.array([math.cos(angle), math.sin(angle)])
        cv2.line(line, tuple(np.round(middle - reach).astype(int)), tuple(np.round(middle + reach).astype(int)), 1)
        picture = cv2.filter2D(picture, -1, line / line.sum())
    if 6 in kinds:
        picture = picture + random.normal(0, random.uniform(4, 22), picture.shape)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    quality = int(random.integers(12, 45)) if 7 in kinds else 90
    return picture, boxes, quality


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('set'), parser.add_argument('out')
    parser.add_argument('--limit', type=int, default=0), parser.add_argument('--seed', type=int, default=0)
    a = parser.parse_args()
    path = os.path.join(a.set, 'ground_truth.txt')
    labels = read_labels(path) if os.path.exists(path) else {n: [] for n in os.listdir(a.set)}
    images = os.path.join(a.set, 'images') if os.path.exists(path) else a.set
    names = [n for n in sorted(labels) if not is_kept_out(n)]
    random = np.random.default_rng(a.seed)
    names = list(random.permutation(names))[: a.limit or None]
    with_labels = os.path.exists(path)
    os.makedirs(a.out, exist_ok=True)
    lines = []
    for name in names:
        picture, boxes, quality = varied(cv2.imread(os.path.join(images, name)), labels[name], random)
        new = os.path.splitext(name)[0] + '.jpg'
        target = os.path.join(a.out, 'images', new) if with_labels else os.path.join(a.out, new)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        cv2.imwrite(target, picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        lines += [new, str(len(boxes))] + [' '.join(map(str, b)) for b in boxes or [[0] * 10]]
    if with_labels:
        open(os.path.join(a.out, 'ground_truth.txt'), 'w').write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
