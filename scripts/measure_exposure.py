#!/usr/bin/env python3
"""Measures how many labelled faces `faceveil blur` leaves open, with intervals, and compares two measurements.

    python3 scripts/measure_exposure.py run faceveil SET --only kept --out after.json -- --preset balanced
    python3 scripts/measure_exposure.py show before.json after.json

SET holds images/ and ground_truth.txt in the format of WIDER FACE. `--only kept` takes the pictures that stay out of every
fit, `--only fit` the others (`split.py`). A face is exposed when less than 75 % of the ellipse inscribed in its box is
masked. It is clear when its label says neither heavy blur nor heavy occlusion. Over-blur is the masked share of the picture
outside every labelled box doubled; a false mask touches none of these.

The intervals are the 2.5th and 97.5th percentile of 2,000 bootstrap samples over pictures. With two measurements the same
samples are drawn for both, and the difference is printed with its interval.

Needs: pip install numpy opencv-python-headless
"""
import argparse, json, os, resource, subprocess, sys, tempfile
import cv2
import numpy as np
from split import is_kept_out, read_labels

FILL = (255, 0, 255)
NEED = 0.75
FIELDS = ['open clear face', 'clear 16+', 'clear 32+', 'all 16+', '8-16', 'over-blur', 'false masks']


def measure(source, masked, labels):
    """Exposed and labelled faces by kind, over-blur, false masks, and the misses of one picture."""
    changed = np.abs(source.astype(np.int16) - masked).max(2) > 0
    near = lambda picture: np.abs(picture.astype(np.int16) - np.array(FILL[::-1], np.int16)).max(2) <= 20
    mask = (near(masked) & (changed | ~near(source))).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    height, width = mask.shape
    grown = np.zeros((height, width), np.uint8)
    count = {k: [0, 0] for k in FIELDS[1:5]}
    misses, is_open = [], False
    for box in labels:
        x, y, w, h = box[:4]
        corners = (int(x - w / 2), int(y - h / 2)), (int(x + 1.5 * w), int(y + 1.5 * h))
        cv2.rectangle(grown, *corners, 1, -1)
        if box[7] or h < 8:
            continue
        face = np.zeros((height, width), np.uint8)
        cv2.ellipse(face, (int(x + w / 2), int(y + h / 2)), (max(1, w // 2), max(1, h // 2)), 0, 0, 360, 1, -1)
        area = int(face.sum())
        if not area:
            continue
        share = float((face & mask).sum()) / area
        exposed, clear = share < NEED, box[4] < 2 and box[8] < 2
        kinds = [('8-16', h < 16), ('all 16+', h >= 16), ('clear 16+', clear and h >= 16), ('clear 32+', clear and h >= 32)]
        for kind, holds in kinds:
            count[kind][0] += holds and exposed
            count[kind][1] += holds
        is_open |= exposed and clear and h >= 16
        if exposed and h >= 16:
            misses.append(box[:4] + [int(clear), round(share, 2)])
    over = float(mask[grown == 0].sum()) / (height * width)
    number, parts = cv2.connectedComponents(mask)
    hit = set(np.unique(parts[grown > 0]).tolist())
    false = sum(1 for k in range(1, number) if k not in hit and (parts == k).sum() >= 16)
    return {**count, 'open clear face': [int(is_open), 1], 'over-blur': [over, 1], 'false masks': [false, 1], 'misses': misses}


def run(a):
    labels = read_labels(os.path.join(a.set, 'ground_truth.txt'))
    wanted = {'all': lambda n: True, 'kept': is_kept_out, 'fit': lambda n: not is_kept_out(n)}[a.only]
    names = [n for n in sorted(labels) if wanted(n)]
    names = names[:: max(1, len(names) // a.limit)][: a.limit] if a.limit else names
    work = a.work or tempfile.mkdtemp(prefix='exposure-')
    os.makedirs(work, exist_ok=True)
    source, out = os.path.join(work, 'source'), tempfile.mkdtemp(prefix='masked-', dir=work if a.work else None)
    png = lambda folder, name: os.path.join(folder, os.path.splitext(name)[0] + '.png')
    for name in names:
        path = png(source, name)
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            cv2.imwrite(path, cv2.imread(os.path.join(a.set, 'images', name)), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    colour = ''.join(f'{v:02X}' for v in FILL)
    command = [a.program, 'blur', source, '-o', out, '--style', 'solid', '--color', colour, '--overwrite', *a.flags]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode not in (0, 3):
        sys.exit(f'exit code {ended.returncode}\n{ended.stderr[-2000:]}')
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(names)
    pictures = {}
    for name in names:
        masked = cv2.imread(png(out, name))
        shown = cv2.imread(png(source, name))
        pictures[name] = measure(shown, shown if masked is None else masked, labels[name])
    subprocess.run(['rm', '-rf', out], check=True)
    json.dump({'flags': a.flags, 'cpu': cpu, 'pictures': pictures}, open(a.out, 'w'))
    show([a.out])


def rates(pictures, names, weights):
    """One row of `FIELDS` per row of weights."""
    rows = []
    for field in FIELDS:
        pairs = np.array([pictures[n][field] for n in names], float)
        rows.append(weights @ pairs[:, 0] / np.maximum(weights @ pairs[:, 1], 1e-9))
    return np.array(rows).T


def show(paths):
    files = [json.load(open(path)) for path in paths]
    names = sorted(set.intersection(*(set(f['pictures']) for f in files)))
    random = np.random.default_rng(0)
    samples = random.multinomial(len(names), np.full(len(names), 1 / len(names)), 2000)
    weights = np.concatenate([np.ones((1, len(names))), samples])
    results = [rates(f['pictures'], names, weights) for f in files]
    scale = np.array([1 if field == 'false masks' else 100 for field in FIELDS])

    def line(title, values, digits=2):
        low, high = np.percentile(values[1:], [2.5, 97.5], axis=0)
        cells = [f'{values[0][k]:.{digits}f} [{low[k]:.{digits}f}, {high[k]:.{digits}f}]' for k in range(len(FIELDS))]
        print(f'| {title} | ' + ' | '.join(cells) + ' |')

    print(f'{len(names)} pictures')
    print('| | ' + ' | '.join(FIELDS) + ' |\n|---' * 1 + '|---' * len(FIELDS) + '|')
    for path, f, values in zip(paths, files, results):
        line(f"{os.path.basename(path)} ({f['cpu']:.3f} s)", values * scale)
    for path, values in zip(paths[1:], results[1:]):
        line(f'{os.path.basename(path)} less the first', (values - results[0]) * scale)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest='command', required=True)
    r = commands.add_parser('run')
    r.add_argument('program'), r.add_argument('set'), r.add_argument('--out', required=True)
    r.add_argument('--only', choices=['all', 'kept', 'fit'], default='all'), r.add_argument('--limit', type=int, default=0)
    r.add_argument('--work', help='folder for the PNG files, kept for the next run')
    s = commands.add_parser('show')
    s.add_argument('files', nargs='+')
    arguments, flags = sys.argv[1:], []
    if '--' in arguments:
        cut = arguments.index('--')
        arguments, flags = arguments[:cut], arguments[cut + 1 :]
    a = parser.parse_args(arguments)
    a.flags = flags
    run(a) if a.command == 'run' else show(a.files)


main()
