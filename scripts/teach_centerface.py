#!/usr/bin/env python3
"""Teaches CenterFace to see in a picture what the whole one sees in it as it is and at twice the size. No label is used.

    faceveil detect PICTURES --threshold 0.1 > PICTURES/faces.jsonl
    python3 scripts/teach_centerface.py TEACHER.onnx PICTURES STUDENT.onnx --out FOLDER --minutes 9

The first says where to cut. The second needs a GPU, and writes FOLDER/student.onnx. STUDENT may be the whole network or what
`prune_centerface.py` made of it. PICTURES is a folder of JPEGs; those whose name begins with `held_` are not learned from, and
the losses on them are printed beside the others.

What is written is `--mix` of the taught weights and the rest of those it began from, which was better than either.

Crops are cut on the GPU from all pictures at once, at many scales, tilted and mirrored, in other light; a fifth are tiles
side by side, which is what a second look sees. The teacher sees each crop as it is, twice as large, and both mirrored; the
student learns the mean of what it says, with the box of the view that is surer. What is large is taken from the crop as it is.

Needs: pip install numpy onnx opencv-python-headless torch
"""
import argparse, glob, json, math, os, time
import cv2
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper

SIDE, TILE, STRIDE = 384, 128, 4
HEAT, SCALE, OFFSET, LANDMARKS = '536', '538', '539', '540'
FACE, HOPELESS = 0.05, -6.0  # heat of a face; logit under which it does not matter how low
LARGE = (96.0, 256.0)  # pixels of a face from which the crop itself begins to be trusted, and is alone
TILED = 0.2  # share of crops


class Graph(torch.nn.Module):
    """An ONNX graph of convolutions, sums and rectifiers."""

    def __init__(self, path):
        super().__init__()
        self.model = onnx.load(path)
        self.names = {}
        for i in self.model.graph.initializer:
            self.names[i.name] = 'w' + str(len(self.names))
            self.register_parameter(self.names[i.name], torch.nn.Parameter(torch.tensor(numpy_helper.to_array(i))))
        self.nodes = [(n, {a.name: helper.get_attribute_value(a) for a in n.attribute}) for n in self.model.graph.node]

    def weight(self, name):
        return getattr(self, self.names[name])

    def forward(self, picture):
        seen = {self.model.graph.input[0].name: picture}
        for n, a in self.nodes:
            x = seen[n.input[0]]
            if n.op_type in ('Conv', 'ConvTranspose'):
                way = F.conv2d if n.op_type == 'Conv' else F.conv_transpose2d
                bias = self.weight(n.input[2]) if len(n.input) > 2 else None
                y = way(x, self.weight(n.input[1]), bias, stride=a['strides'][0], padding=a['pads'][0] if 'pads' in a else 0,
                        groups=a.get('group', 1))
            else:
                y = {'Relu': lambda: F.relu(x), 'Sigmoid': lambda: torch.sigmoid(x), 'Add': lambda: x + seen[n.input[1]]}[n.op_type]()
            seen[n.output[0]] = y
        return [seen[name].float() for name in (HEAT, SCALE, OFFSET, LANDMARKS)]

    def save(self, path, weights):
        del self.model.graph.initializer[:]
        for name, key in self.names.items():
            self.model.graph.initializer.append(numpy_helper.from_array(weights[key].float().cpu().numpy(), name))
        onnx.checker.check_model(self.model)
        onnx.save(self.model, path)


class Pictures:
    """Pictures with their halves, quarters and eighths in one row of pixels, and where faces are in them."""

    def __init__(self, paths, faces, device):
        self.device, self.faces, rows, self.levels, self.sizes = device, [], [], [], []
        base = 0
        for path in paths:
            image, levels = cv2.imread(path)[:, :, ::-1], []
            self.sizes.append((image.shape[1], image.shape[0]))
            self.faces.append(faces.get(os.path.basename(path), []))
            while len(levels) < 4:
                h, w = image.shape[:2]
                levels.append((base, w, h))
                rows.append(np.dstack([image, np.zeros((h, w), np.uint8)]).reshape(-1, 4).view(np.int32).reshape(-1))
                base += w * h
                image = cv2.resize(image, (max(1, w // 2), max(1, h // 2)), interpolation=cv2.INTER_AREA)
            self.levels.append(levels)
        self.row = torch.from_numpy(np.concatenate(rows)).to(device)

    def places(self, count, side, rng):
        """Where to cut: pictures, and matrices from a crop's pixels about its middle to the picture's."""
        which, to = rng.integers(len(self.sizes), size=count), np.zeros((count, 2, 3))
        for i, k in enumerate(which):
            (width, height), faces = self.sizes[k], self.faces[k]
            scale = math.exp(rng.uniform(*np.log([0.25, 2.5])))
            if len(faces) and rng.random() < 0.75:
                x, y, size = faces[rng.integers(len(faces))]
                if side == TILE or rng.random() < 0.6:
                    least, most = (16, 80) if side == TILE else (7, 220)
                    scale = min(max(math.exp(rng.uniform(*np.log([least, most]))) / size, 0.15), 5.0)
                away = 0.2 if side == TILE else 0.4
                x, y = x + rng.uniform(-away, away) * side / scale, y + rng.uniform(-away, away) * side / scale
            else:
                x, y = rng.uniform(0, width), rng.uniform(0, height)
            tilt = math.radians(rng.uniform(-20, 20)) if rng.random() < 0.3 else 0.0
            flip = -1.0 if rng.random() < 0.5 else 1.0
            c, s = math.cos(tilt) / scale, math.sin(tilt) / scale
            to[i] = [[c * flip, -s, x], [s * flip, c, y]]
        return which, to

    def cut(self, which, to, side, larger):
        """Crops [count, 3, side * larger, side * larger], 0 to 255, by linear interpolation; black outside."""
        parts = []
        for k, matrix in zip(which, to):
            shrunk = math.hypot(matrix[0, 0], matrix[1, 0]) / larger
            level = min(3, max(0, math.floor(math.log2(shrunk) + 1e-6)))
            base, w, h = self.levels[k][level]
            sx, sy = w / self.sizes[k][0], h / self.sizes[k][1]
            parts.append([base, w, h, *(matrix[0] * sx), *(matrix[1] * sy)])
        table = torch.tensor(np.array(parts), device=self.device)
        base, w, h = (table[:, i].long()[:, None, None] for i in range(3))
        m = table[:, 3:].float()[:, :, None, None]
        at = (torch.arange(side * larger, device=self.device, dtype=torch.float32) + 0.5) / larger - side / 2
        y, x = at[None, :, None], at[None, None, :]
        u, v = m[:, 0] * x + m[:, 1] * y + m[:, 2] - 0.5, m[:, 3] * x + m[:, 4] * y + m[:, 5] - 0.5
        left, top = u.floor(), v.floor()
        fx, fy = (u - left)[:, None], (v - top)[:, None]
        left, top = left.long(), top.long()
        out = 0
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            i, j = left + dx, top + dy
            inside = (i >= 0) & (i < w) & (j >= 0) & (j < h)
            packed = self.row[torch.where(inside, base + j * w + i, 0)]
            colours = torch.stack([(packed >> s) & 255 for s in (0, 8, 16)], 1).float() * inside[:, None]
            out = out + colours * (fx if dx else 1 - fx) * (fy if dy else 1 - fy)
        return out


def light(crops, seed):
    """Other exposure, contrast and colour for half of them. The same seed changes crops of another size alike."""
    rng, n = np.random.default_rng(seed), len(crops)
    changed = rng.random(n) < 0.5
    pick = lambda low, high, shape, still: torch.tensor(
        np.where(changed.reshape(n, 1), rng.uniform(low, high, (n, shape)), still), device=crops.device).float()[:, :, None, None]
    gamma, gain, tint, lift = pick(-0.4, 0.4, 1, 0), pick(0.7, 1.2, 1, 1), pick(0.93, 1.07, 3, 1), pick(-15, 15, 1, 0)
    grey = torch.tensor(changed & (rng.random(n) < 0.15), device=crops.device)[:, None, None, None]
    crops = torch.where(grey, crops.mean(1, keepdim=True), crops)
    return ((crops / 255) ** gamma.exp() * 255 * gain * tint + lift).clamp(0, 255)


def worse(crops, rng):
    """A little out of focus or noisy, for some: the student only."""
    blurred = F.avg_pool2d(crops, 3, 1, 1, count_include_pad=False)
    share = np.where(rng.random(len(crops)) < 0.15, rng.uniform(0.2, 1, len(crops)), 0)
    noise = np.where(rng.random(len(crops)) < 0.15, rng.uniform(1, 10, len(crops)), 0)
    share, noise = (torch.tensor(a, device=crops.device).float()[:, None, None, None] for a in (share, noise))
    return (crops + share * (blurred - crops) + noise * torch.randn_like(crops)).clamp(0, 255)


def join(tiles):
    """Tiles [9 n, c, t, t] as canvases [n, c, 3 t, 3 t]."""
    n, c, t, _ = tiles.shape
    return tiles.view(n // 9, 3, 3, c, t, t).permute(0, 3, 1, 4, 2, 5).reshape(n // 9, c, 3 * t, 3 * t)


def split(canvases):
    n, c, t, _ = canvases.shape
    return canvases.view(n, c, 3, t // 3, 3, t // 3).permute(0, 2, 4, 1, 3, 5).reshape(n * 9, c, t // 3, t // 3)


def spelt_out(outputs, side):
    """Logit, centre x y, width, height, five landmarks x y: [n, 15, side / 4, side / 4], pixels from the crop's middle."""
    heat, scale, offset, marks = outputs
    at = torch.arange(heat.shape[-1], device=heat.device, dtype=torch.float32)
    size = scale.clamp(-3, 6).exp() * STRIDE
    h, w = size[:, :1], size[:, 1:]
    y = (at[:, None] + offset[:, :1] + 0.5) * STRIDE - side / 2
    x = (at[None, :] + offset[:, 1:] + 0.5) * STRIDE - side / 2
    mx = x - w / 2 + marks[:, 1::2] * w
    my = y - h / 2 + marks[:, 0::2] * h
    return torch.cat([heat, x, y, w, h, torch.stack([mx, my], 2).flatten(1, 2)], 1)


def best_of(maps, weights):
    """Of the four cells at each place (dimension 2) all that the hottest says."""
    best = weights.argmax(2, keepdim=True)
    return maps.gather(2, best.expand(-1, maps.shape[1], -1, *maps.shape[3:]))[:, :, 0]


def agreed(small, large):
    """What the teacher says of a crop, from its views of it: as it is, and twice as large (spelt out in its pixels). The mean
    probability tells more faces from the rest than either view."""
    n, c, h, w = small.shape
    large = torch.cat([large[:, :1], large[:, 1:] / 2], 1)
    four = large.view(n, c, h, 2, w, 2).permute(0, 1, 3, 5, 2, 4).reshape(n, c, 4, h, w)
    large = best_of(four, four[:, :1])
    sides = [(m[:, 3:4] * m[:, 4:5]).sqrt() for m in (small, large)]
    side = torch.where(small[:, :1] > large[:, :1], *sides)
    trust = ((side / LARGE[0]).log() / math.log(LARGE[1] / LARGE[0])).clamp(0, 1)
    out = torch.where((trust > 0.5) | (small[:, :1] > large[:, :1]), small, large)
    p = torch.sigmoid(small[:, :1]) * (1 + trust) / 2 + torch.sigmoid(large[:, :1]) * (1 - trust) / 2
    return torch.cat([torch.logit(p, 1e-5), out[:, 1:]], 1)


def twice(teacher, crops, side):
    """What the teacher says of crops, its heat averaged with that of their mirror images."""
    outputs, mirrored = teacher(crops), teacher(crops.flip(3))
    heat = (torch.sigmoid(outputs[0]) + torch.sigmoid(mirrored[0]).flip(3)) / 2
    return spelt_out([torch.logit(heat, 1e-5), *outputs[1:]], side)


def turned(maps, side, angles):
    """The same of crops turned clockwise by angles (radians), and whether each cell was in sight."""
    n, c, k, _ = maps.shape
    cos, sin = (f(angles)[:, None, None, None] for f in (torch.cos, torch.sin))
    at = (torch.arange(k, device=maps.device, dtype=torch.float32) + 0.5) * STRIDE - side / 2
    shift = torch.tensor([[-1, -1], [1, -1], [-1, 1], [1, 1]], device=maps.device).float()
    x, y = at[None, None, None, :] + shift[None, :, :1, None], at[None, None, :, None] + shift[None, :, 1:, None]
    u, v = cos * x + sin * y, cos * y - sin * x
    i, j = ((p + side / 2).div(STRIDE).floor().long() for p in (u, v))
    seen = ((i >= 0) & (i < k) & (j >= 0) & (j < k)).all(1, keepdim=True)
    flat = (j.clamp(0, k - 1) * k + i.clamp(0, k - 1)).view(n, 1, -1)
    four = maps.flatten(2).gather(2, flat.expand(-1, c, -1)).view(n, c, 4, k, k)
    maps = best_of(four, four[:, :1])
    heat, w, h = maps[:, :1], maps[:, 3:4], maps[:, 4:5]
    points = torch.cat([maps[:, 1:3], maps[:, 5:]], 1).view(n, 6, 2, k, k)
    px, py = points[:, :, 0], points[:, :, 1]
    points = torch.stack([cos * px - sin * py, sin * px + cos * py], 2).flatten(1, 2)
    wide, high = (((a * cos) ** 2 + (b * sin) ** 2).sqrt() for a, b in ((w, h), (h, w)))
    return torch.cat([heat, points[:, :2], wide, high, points[:, 2:]], 1), seen.float()


def loss_of(outputs, target, seen, side):
    """Of what a student says and what the teacher did."""
    heat, scale, offset, marks = outputs
    truth = target[:, :1]
    p = torch.sigmoid(truth)
    with torch.no_grad():
        near = F.max_pool2d((torch.maximum(p, torch.sigmoid(heat)) > FACE).float(), 5, 1, 2)
        weights = (near + 0.03) * seen
    wrong = F.binary_cross_entropy_with_logits(heat, p, reduction='none') - F.binary_cross_entropy_with_logits(truth, p, reduction='none')
    apart = heat.clamp(min=HOPELESS) - truth.clamp(min=HOPELESS)
    loss = (weights * (25 * wrong + 0.7 * F.smooth_l1_loss(apart, torch.zeros_like(apart), reduction='none'))).sum() / weights.sum()
    k = heat.shape[-1]
    at = torch.arange(k, device=heat.device, dtype=torch.float32)
    x, y, w, h = (target[:, i:i + 1] for i in range(1, 5))
    dx, dy = (x + side / 2) / STRIDE - at[None, :] - 0.5, (y + side / 2) / STRIDE - at[:, None] - 0.5
    box = (p > FACE).float() * p.sqrt() * seen * (dx.abs() < 2) * (dy.abs() < 2)
    mx = (target[:, 5::2] - (x - w / 2)) / w
    my = (target[:, 6::2] - (y - h / 2)) / h
    parts = ((scale, torch.cat([h, w], 1).div(STRIDE).log(), 1.0), (offset, torch.cat([dy, dx], 1), 0.5),
             (marks, torch.stack([my, mx], 2).flatten(1, 2).clamp(-2, 3), 0.1))
    for said, right, factor in parts:
        loss = loss + factor * (box * (said - right).abs()).sum() / (box.sum() + 1) / said.shape[1]
    return loss


def turn(share, pictures, units, seeds, told, rng, canvas):
    """Some of the crops turned by any angle, and what the teacher said of them upright."""
    whole = len(units[0][1])
    # In a canvas of tiles each has a middle of its own.
    inner = split(told[whole:])
    k = TILE // STRIDE
    cells = torch.arange(9, device=told.device).repeat(len(inner) // 9)
    mid = torch.stack([cells % 3 - 1, cells // 3 - 1], 1).float() * TILE
    shift = torch.zeros(len(inner), told.shape[1], 1, 1, device=told.device)
    shift[:, [1, 5, 7, 9, 11, 13], 0, 0], shift[:, [2, 6, 8, 10, 12, 14], 0, 0] = mid[:, :1], mid[:, 1:]
    crops, maps, seens = [], [], []
    for (side, which, to), seed, map in zip(units, seeds, (told[:whole], inner - shift)):
        n = len(which)
        angle = np.where(rng.random(n) < 0.5, rng.choice([90.0, 180.0, 270.0], n), rng.uniform(20, 340, n))
        angle = np.radians(np.where(rng.random(n) < share, angle, 0))
        c, s = np.cos(angle), np.sin(angle)
        back = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], 1)
        again = np.concatenate([to[:, :, :2] @ back, to[:, :, 2:]], 2)
        crops.append(light(pictures.cut(which, again, side, 1), seed))
        map, seen = turned(map, side, torch.tensor(angle, device=told.device).float())
        maps.append(map)
        seens.append(seen)
    maps[1] = maps[1] + shift
    return canvas(crops), canvas(maps), canvas(seens)


class Lesson:
    """A batch: what the student is shown, what it should say, and where that is known. A share `turns` is turned."""

    def __init__(self, pictures, teacher, count, rng, dtype, turns):
        tiles = round(count * TILED)
        units = [(SIDE, *pictures.places(count - tiles, SIDE, rng)), (TILE, *pictures.places(9 * tiles, TILE, rng))]
        seeds = rng.integers(1 << 30, size=2)
        canvas = lambda parts: torch.cat([parts[0], join(parts[1])]).to(memory_format=torch.channels_last)
        cuts = lambda larger: [light(pictures.cut(which, to, side, larger), s) for (side, which, to), s in zip(units, seeds)]
        with torch.no_grad():
            small = cuts(1)
            crops = canvas(small)
            with torch.autocast(pictures.device, dtype, enabled=dtype != torch.float32):
                told = agreed(twice(teacher, crops, SIDE), twice(teacher, canvas(cuts(2)), 2 * SIDE))
            seen = torch.ones_like(told[:, :1])
            if turns:
                crops, told, seen = turn(turns, pictures, units, seeds, told, rng, canvas)
            self.crops, self.told, self.seen = worse(crops, rng), told, seen

class Adam:
    """Kingma and Ba's, with steps relative to the size of each tensor."""

    def __init__(self, weights):
        self.weights, self.count = weights, 0
        self.sizes = [max(w.detach().pow(2).mean().sqrt().item(), 1e-3) for w in weights]
        self.first = [torch.zeros_like(w) for w in weights]
        self.second = [torch.zeros_like(w) for w in weights]

    @torch.no_grad()
    def step(self, rate, slow=0.9, slower=0.99):
        self.count += 1
        slopes = [w.grad for w in self.weights]
        torch._foreach_lerp_(self.first, slopes, 1 - slow)
        torch._foreach_mul_(self.second, slower)
        torch._foreach_addcmul_(self.second, slopes, slopes, 1 - slower)
        by = torch._foreach_sqrt(self.second)
        torch._foreach_div_(by, math.sqrt(1 - slower**self.count))
        torch._foreach_add_(by, 1e-8)
        way = torch._foreach_div(self.first, by)
        torch._foreach_mul_(way, [-rate * size / (1 - slow**self.count) for size in self.sizes])
        torch._foreach_add_(self.weights, way)


class Student:
    def __init__(self, path, device):
        self.net = Graph(path).to(device, memory_format=torch.channels_last)
        self.optimizer = Adam(list(self.net.parameters()))
        self.mean = {k: v.detach().clone() for k, v in self.net.named_parameters()}
        self.start = {k: v.clone() for k, v in self.mean.items()}

    def loss(self, lesson, dtype):
        with torch.autocast(lesson.crops.device.type, dtype, enabled=dtype != torch.float32):
            outputs = self.net(lesson.crops)
        return loss_of(outputs, lesson.told, lesson.seen, SIDE)

    def learn(self, lesson, rate, step, dtype):
        self.net.zero_grad(set_to_none=True)
        (self.loss(lesson, dtype) * 256).backward()
        for w in self.net.parameters():
            w.grad.div_(256)
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        for w in self.net.parameters():  # nothing of a batch that overflowed
            w.grad.copy_(torch.where(norm.isfinite(), w.grad, 0))
        self.optimizer.step(rate)
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.values()), list(self.net.parameters()), max(0.004, 1 / (step / 10 + 1)))

    @torch.no_grad()
    def tested(self, lessons, dtype):
        """Mean loss of the mean weights."""
        kept = {k: v.detach().clone() for k, v in self.net.named_parameters()}
        for weights in (self.mean, kept):
            if weights is kept:
                loss = np.mean([self.loss(l, dtype).item() for l in lessons])
            for k, v in self.net.named_parameters():
                v.copy_(weights[k])
        return f'{loss:.4f}'

    def save(self, folder, mix):
        mixed = {k: (1 - mix) * self.start[k] + mix * v for k, v in self.mean.items()}
        self.net.save(os.path.join(folder, 'student.onnx'), mixed)


def faces_of(report):
    """x, y and size of the faces of each picture, pixels."""
    faces = {}
    for line in (l for l in map(json.loads, open(report)) if 'input' in l):
        faces[line['input']] = [(x + w / 2, y + h / 2, math.sqrt(w * h)) for x, y, w, h in (f['box'] for f in line.get('faces', []))]
    return faces


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('teacher')
    p.add_argument('pictures')
    p.add_argument('student')
    p.add_argument('--out', required=True)
    p.add_argument('--minutes', type=float, default=9, help='from start to end, reading and testing included')
    p.add_argument('--batch', type=int, default=48)
    p.add_argument('--rate', type=float, default=2e-3, help="step of a weight, of its tensor's root mean square")
    p.add_argument('--mix', type=float, default=0.7, help='share of the taught weights')
    p.add_argument('--turned', type=float, default=0.0, help='share of the crops that the student sees turned by any angle')
    p.add_argument('--tests', type=int, default=3, help='batches to test with')
    p.add_argument('--limit', type=int, help='of pictures, to try it out')
    a = p.parse_args()
    began, device = time.time(), 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.manual_seed(0)
    os.makedirs(a.out, exist_ok=True)
    paths = sorted(glob.glob(os.path.join(a.pictures, '*.jpg')))
    found = faces_of(os.path.join(a.pictures, 'faces.jsonl'))
    is_held = lambda q: os.path.basename(q).startswith('held_')
    held, learned = [q for q in paths if is_held(q)][:a.limit], [q for q in paths if not is_held(q)][:a.limit]
    teacher = Graph(a.teacher).requires_grad_(False).to(device, memory_format=torch.channels_last)
    torch.backends.cudnn.benchmark = True
    outside, pictures = Pictures(held, found, device), Pictures(learned, found, device)
    print(len(learned), 'pictures,', len(held), 'held out,', sum(map(len, pictures.faces)), f'faces, {time.time() - began:.0f} s', flush=True)
    dtype = torch.float16 if device == 'cuda' else torch.float32
    lesson = lambda of, rng: Lesson(of, teacher, a.batch, rng, dtype, a.turned)
    tests = [[lesson(of, np.random.default_rng(100 + i)) for i in range(a.tests)] for of in (outside, pictures)]
    student = Student(a.student, device)
    show = lambda at: print(f'{at}, {time.time() - began:.0f} s: loss held out', student.tested(tests[0], dtype), 'learned', student.tested(tests[1], dtype), flush=True)
    show('before')
    rng, shown, start, end, step = np.random.default_rng(1), time.time(), time.time(), began + a.minutes * 60 - 5, 0
    while (done := (time.time() - start) / max(1e-9, end - start)) < 1:
        rate = a.rate * min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done))
        student.learn(lesson(pictures, rng), rate, step, dtype)
        step += 1
        if step % 20 == 0 and device == 'cuda':
            torch.cuda.synchronize()  # not to be far ahead of the clock
        if time.time() - shown > 50:
            show(f'step {step}')
            student.save(a.out, a.mix)
            shown = time.time()
    student.save(a.out, a.mix)
    show(f'step {step}')


main()
