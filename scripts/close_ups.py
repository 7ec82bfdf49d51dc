#!/usr/bin/env python3
"""Features of close-ups by ONNX Runtime, as src/detect/judge/features.rs computes them: what the judge is trained on.

    faceveil detect SET/images --threshold 0.03 > found.jsonl
    python3 scripts/close_ups.py found.jsonl SET/images models/centerface.onnx --out close_ups

Writes close_ups.jsonl with one line per picture, whose rows are left, top, right, bottom, probability and index, and
close_ups.f32 with the features. Pictures that `split.py` keeps out are left out unless `--all` is given. With `--follow`
it reads lines as another program writes them. `--copies 2` adds two variants of each close-up: moved, zoomed, mirrored,
tilted, in other light, blurred, noisy, compressed; they are told by a seventh number in their row, 1.

Needs: pip install numpy onnx onnxruntime pillow
"""
import argparse, io, json, math, os, time
import numpy as np
import onnx
import onnxruntime
from PIL import Image, ImageFilter
from split import is_kept_out

TILE, SURROUNDINGS, COLUMNS, ROWS = 128, 3.2, 8, 3
REACH, SIDES, FLOOR, LEAST, UNIT = 0.1, (12.0, 150.0), 0.03, 0.01, 30.0
# Tensor, stride, window around the middle, cells across.
BLOCKS = [('413', 8, 48, 3), ('474', 16, 64, 2), ('474', 16, 128, 1), ('503', 32, 64, 1), ('503', 32, 128, 1), ('535', 4, 48, 3)]
HEADS = ['537', '538', '539', '540']


def session(path):
    model = onnx.load(path)
    for name in dict.fromkeys(b[0] for b in BLOCKS):
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])


def tile(picture, box, side=TILE):
    """Its pixels, and scale and origin of the tile in the picture."""
    left, top, right, bottom = box
    part = max(right - left, bottom - top, 1) * SURROUNDINGS * side / TILE
    scale = side / part
    x0, y0 = (left + right - part) / 2, (top + bottom - part) / 2
    width, height = picture.size
    cx0, cy0 = max(0, math.floor(x0)), max(0, math.floor(y0))
    cx1, cy1 = min(width, math.ceil(x0 + part)), min(height, math.ceil(y0 + part))
    if cx1 <= cx0 or cy1 <= cy0:
        return None
    ox, oy = min(max(round((cx0 - x0) * scale), 0), side - 1), min(max(round((cy0 - y0) * scale), 0), side - 1)
    w, h = min(max(round((cx1 - cx0) * scale), 1), side - ox), min(max(round((cy1 - cy0) * scale), 1), side - oy)
    small = picture.resize((w, h), Image.BILINEAR, (cx0, cy0, cx1, cy1))
    pixels = np.zeros((side, side, 3), np.float32)
    pixels[oy : oy + h, ox : ox + w] = np.asarray(small)
    return pixels, (w / (cx1 - cx0), h / (cy1 - cy0), cx0, cy0, ox, oy)


def varied(picture, box, random):
    """A tile of a face that lies a little beside the middle, in other light, tilted, blurred or compressed."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    dx, dy, zoom = random.uniform(-0.08, 0.08) * w, random.uniform(-0.08, 0.08) * h, math.exp(random.uniform(-0.15, 0.15))
    cx, cy = (left + right) / 2 + dx, (top + bottom) / 2 + dy
    made = tile(picture, (cx - w / 2 * zoom, cy - h / 2 * zoom, cx + w / 2 * zoom, cy + h / 2 * zoom), 192)
    if not made:
        return None
    image = Image.fromarray(made[0].astype(np.uint8))
    if random.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < 0.5:
        image = image.rotate(random.uniform(-35, 35), Image.BILINEAR)
    image = image.crop((32, 32, 160, 160))
    if random.random() < 0.25:
        less = int(random.integers(24, 80))
        image = image.resize((less, less), Image.BILINEAR).resize((TILE, TILE), Image.BILINEAR)
    if random.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 2.5)))
    pixels = np.asarray(image).astype(np.float32)
    if random.random() < 0.5:
        dark = random.random() < 0.3
        pixels = pixels * math.exp(random.uniform(-3, -1) if dark else random.uniform(-0.6, 0.4)) * np.exp(random.uniform(-0.2, 0.2, 3))
    if random.random() < 0.1:
        pixels = np.repeat(pixels.mean(2, keepdims=True), 3, 2)
    if random.random() < 0.3:
        pixels = pixels + random.normal(0, random.uniform(2, 20), pixels.shape)
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, 'JPEG', quality=int(random.integers(8, 50)))
        pixels = np.asarray(Image.open(file))
    scale = TILE / (max(w, h, 1) * zoom * SURROUNDINGS)
    return pixels.astype(np.float32), (scale, scale, (left + right) / 2 - TILE / 2 / scale, (top + bottom) / 2 - TILE / 2 / scale, 0, 0)


def sighting(heat, scale, offset, marks, corner, back, box):
    """The best peak near the middle of a tile, in units of the box: 16 numbers."""
    out = np.zeros(16, np.float32)
    n = TILE // 4
    y0, x0 = corner[1] // 4, corner[0] // 4
    h, w = heat.shape
    best, found = 0, None
    half, reach = TILE / 2, TILE * REACH
    for j in range(max(0, n // 2 - 6), n // 2 + 6):
        for i in range(max(0, n // 2 - 6), n // 2 + 6):
            s = heat[y0 + j, x0 + i]
            if s < FLOOR or s <= best:
                continue
            near = heat[max(0, y0 + j - 1) : y0 + j + 2, max(0, x0 + i - 1) : x0 + i + 2]
            if s < near.max():
                continue
            a, b = y0 + j, x0 + i
            bh, bw = math.exp(scale[0, a, b]) * 4, math.exp(scale[1, a, b]) * 4
            cy, cx = (j + offset[0, a, b] + 0.5) * 4, (i + offset[1, a, b] + 0.5) * 4
            if abs(cx - half) < reach and abs(cy - half) < reach and SIDES[0] <= max(bw, bh) < SIDES[1]:
                best, found = s, (cx, cy, bw, bh, a, b)
    if not found:
        return out, 0
    cx, cy, bw, bh, a, b = found
    sx, sy, px, py, ox, oy = back
    to = lambda x, y: ((x - ox) / sx + px, (y - oy) / sy + py)
    unit = max(box[2] - box[0], box[3] - box[1], 1)
    mx, my = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    fx, fy = to(cx, cy)
    s = min(max(best, LEAST), 1 - LEAST)
    out[:6] = 1, math.log(s / (1 - s)), (fx - mx) / unit, (fy - my) / unit, math.log(max(bw / sx, 1) / unit), math.log(max(bh / sy, 1) / unit)
    for k in range(5):
        x, y = to(cx - bw / 2 + marks[2 * k + 1, a, b] * bw, cy - bh / 2 + marks[2 * k, a, b] * bh)
        out[6 + 2 * k : 8 + 2 * k] = np.clip([(x - mx) / unit, (y - my) / unit], -SURROUNDINGS, SURROUNDINGS)
    return out, best


def close_ups(run, picture, boxes, random=None):
    """Features of each box, `None` for those outside the picture. With `random`, of variants."""
    out = []
    names = HEADS + list(dict.fromkeys(b[0] for b in BLOCKS))
    for first in range(0, len(boxes), COLUMNS * ROWS):
        sheet = boxes[first : first + COLUMNS * ROWS]
        rows = -(-len(sheet) // COLUMNS)
        columns = -(-len(sheet) // rows)
        canvas = np.zeros((rows * TILE, columns * TILE, 3), np.float32)
        tiles = [varied(picture, box, random) if random else tile(picture, box) for box in sheet]
        corners = [(k % columns * TILE, k // columns * TILE) for k in range(len(sheet))]
        for t, (x, y) in zip(tiles, corners):
            if t:
                canvas[y : y + TILE, x : x + TILE] = t[0]
        seen = dict(zip(names, run.run(names, {run.get_inputs()[0].name: canvas.transpose(2, 0, 1)[None]})))
        for box, t, (x, y) in zip(sheet, tiles, corners):
            if not t:
                out.append(None)
                continue
            parts = []
            for name, stride, window, cells in BLOCKS:
                n = window // stride
                a, b = (y + (TILE - window) // 2) // stride, (x + (TILE - window) // 2) // stride
                f = seen[name][0, :, a : a + n, b : b + n]
                c = n // cells
                f = f.reshape(len(f), cells, c, cells, c).mean((2, 4))
                parts.append(f.transpose(1, 2, 0).reshape(-1))
            found, _ = sighting(seen['537'][0, 0], seen['538'][0], seen['539'][0], seen['540'][0], (x, y), t[1], box)
            w, h = max(box[2] - box[0], 1), max(box[3] - box[1], 1)
            out.append(np.concatenate([*parts, found, [math.log(w / h), math.log(max(w, h) / UNIT)]]).astype(np.float32))
    return out


def lines_of(path, follow):
    with open(path) as f:
        quiet = 0
        while quiet < (240 if follow else 1):
            at = f.tell()
            line = f.readline()
            if line.endswith('\n'):
                quiet = 0
                yield line
            else:
                f.seek(at)
                quiet += 1
                if follow:
                    time.sleep(0.5)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('found'), p.add_argument('images'), p.add_argument('model')
    p.add_argument('--out', required=True), p.add_argument('--all', action='store_true')
    p.add_argument('--follow', action='store_true'), p.add_argument('--copies', type=int, default=0)
    a = p.parse_args()
    run, random = session(a.model), np.random.default_rng(0)
    paths = {}
    for folder, _, files in os.walk(a.images):
        for f in files:
            paths[f] = os.path.join(folder, f)
    count = 0
    with open(a.out + '.jsonl', 'w') as rows_out, open(a.out + '.f32', 'wb') as features_out:
        for line in lines_of(a.found, a.follow):
            d = json.loads(line)
            name = os.path.basename(d['input'])
            if name not in paths or not a.all and is_kept_out(name):
                continue
            upright = [f for f in d['faces'] if not any('+' in by for by in f['found_by'])]
            boxes = [(f['box'][0], f['box'][1], f['box'][0] + f['box'][2], f['box'][1] + f['box'][3]) for f in upright]
            picture = Image.open(paths[name]).convert('RGB')
            rows = []
            for copy in range(1 + a.copies):
                found = close_ups(run, picture, boxes, random if copy else None)
                for f, box, numbers in zip(upright, boxes, found):
                    rows.append([*box, f['score'], -1 if numbers is None else count, int(copy > 0)])
                    if numbers is not None:
                        numbers.tofile(features_out)
                        count += 1
            rows_out.write(json.dumps({'picture': os.path.relpath(paths[name], a.images), 'rows': rows}) + '\n')


if __name__ == '__main__':
    main()
