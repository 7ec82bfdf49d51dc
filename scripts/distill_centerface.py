#!/usr/bin/env python3
"""Teaches a pruned CenterFace to say what the whole one says. No label is used.

    python3 scripts/distill_centerface.py TEACHER.onnx PICTURES STUDENT.onnx... --out FOLDER --minutes 0
    python3 scripts/distill_centerface.py TEACHER.onnx PICTURES STUDENT.onnx... --out FOLDER --minutes 8

The first only writes PICTURES/faces.json, which needs no GPU. The second teaches; with a good GPU 30 steps a second.
PICTURES is a folder of JPEGs. Those whose name begins with `held_` are not learned from: at the end the heat maps are compared
on them. Students come from `prune_centerface.py --widths`: they have the teacher's layers with fewer hidden channels, so
what each block gives on can be compared, too. Crops are made of the pictures at many scales, turned and mirrored, in other
light, and as tiles side by side, which is what a second look sees. Runs on a GPU in minutes, on a CPU in days.

Needs: pip install numpy onnx opencv-python-headless torch
"""
import argparse, glob, json, math, os, time
import cv2
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch.utils.data import DataLoader, IterableDataset

SIDE, TILE = 384, 128
HEAT, SCALE, OFFSET, LANDMARKS = '536', '538', '539', '540'
FACE, HOPELESS = 0.05, -5.0  # heat of a face; logit under which nothing is looked at
INSIDE = 0.3  # weight of what the blocks give on at the start; it falls to none


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
        return seen

    def given_on(self):
        """What blocks and the pyramid give on: as wide in student and teacher."""
        linear = [n.output[0] for n, a in self.nodes if n.op_type == 'Conv' and a.get('group', 1) == 1]
        read_by_relu = {n.input[0] for n, _ in self.nodes if n.op_type == 'Relu'}
        added = {i: n.output[0] for n, _ in self.nodes if n.op_type == 'Add' for i in n.input}
        outputs = {o.name for o in self.model.graph.output} | {HEAT}
        heads = [n.output[0] for n, _ in self.nodes if n.op_type == 'Add'][-4:]
        return sorted({added.get(n, n) for n in linear if n not in read_by_relu and n not in outputs} | set(heads))

    def save(self, path, weights):
        del self.model.graph.initializer[:]
        for name, key in self.names.items():
            self.model.graph.initializer.append(numpy_helper.from_array(weights[key].float().cpu().numpy(), name))
        onnx.checker.check_model(self.model)
        onnx.save(self.model, path)


def pyramid(path):
    levels = [cv2.imread(path)[:, :, ::-1].copy()]
    while min(levels[-1].shape[:2]) > 160 and len(levels) < 4:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels


class Crops(IterableDataset):
    """Endless crops as the network takes them: RGB, 0 to 255, uint8 [3, SIDE, SIDE]."""

    def __init__(self, paths, faces, seed):
        self.paths, self.faces, self.seed, self.pyramids = paths, faces, seed, {}

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        self.rng = np.random.default_rng(self.seed + (info.id if info else 0))
        cv2.setNumThreads(1)
        while True:
            yield torch.from_numpy(np.ascontiguousarray(self.canvas().transpose(2, 0, 1)))

    def canvas(self):
        if self.rng.random() < 0.2:
            canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
            for y in range(0, SIDE, TILE):
                for x in range(0, SIDE, TILE):
                    canvas[y:y + TILE, x:x + TILE] = self.crop(TILE, *np.log([0.5, 3.0]))
            return canvas
        return self.crop(SIDE, *np.log([0.25, 2.0]))

    def crop(self, side, least, most):
        r = self.rng
        path = self.paths[r.integers(len(self.paths))]
        if path not in self.pyramids:
            self.pyramids[path] = pyramid(path)
        levels, faces = self.pyramids[path], self.faces.get(os.path.basename(path), [])
        height, width = levels[0].shape[:2]
        scale = math.exp(r.uniform(least, most))
        level = min(len(levels) - 1, max(0, math.floor(-math.log2(scale) + 1e-6)))
        if len(faces) and r.random() < 0.7:
            x, y = faces[r.integers(len(faces))]
            x, y = x + r.uniform(-0.4, 0.4) * side / scale, y + r.uniform(-0.4, 0.4) * side / scale
        else:
            x, y = r.uniform(0, width), r.uniform(0, height)
        kind = r.random()
        turn = math.radians(r.choice([90, 180, 270]) if kind < 0.08 else r.uniform(-25, 25) if kind < 0.3 else 0)
        flip = -1 if r.random() < 0.5 else 1
        by = scale / (levels[level].shape[1] / width)
        c, s = by * math.cos(turn), by * math.sin(turn)
        to = np.array([[c * flip, -s, 0], [s * flip, c, 0]])
        centre = np.array([x, y]) * (levels[level].shape[1] / width)
        to[:, 2] = side / 2 - to[:, :2] @ centre
        out = cv2.warpAffine(levels[level], to, (side, side), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))
        return self.light(out)

    def light(self, picture):
        r = self.rng
        if r.random() < 0.5:
            if r.random() < 0.15:
                picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
            curve = (np.arange(256) / 255) ** math.exp(r.uniform(-0.4, 0.4)) * 255
            curve = curve[:, None] * r.uniform(0.7, 1.2) * r.uniform(0.93, 1.07, 3) + r.uniform(-15, 15)
            picture = cv2.LUT(picture, curve.clip(0, 255).astype(np.uint8)[None])
        if r.random() < 0.15:
            picture = cv2.GaussianBlur(picture, (0, 0), r.uniform(0.4, 1.4))
        if r.random() < 0.2:
            picture = cv2.imdecode(cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, int(r.integers(40, 95))])[1], 1)
        return picture


def whole(path, longest, device):
    picture = cv2.imread(path)[:, :, ::-1]
    by = longest / max(picture.shape[:2])
    picture = cv2.resize(picture, None, fx=by, fy=by, interpolation=cv2.INTER_AREA if by < 1 else cv2.INTER_LINEAR)
    picture = cv2.copyMakeBorder(picture, 0, -picture.shape[0] % 32, 0, -picture.shape[1] % 32, cv2.BORDER_CONSTANT)
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))[None]).to(device).float(), by


@torch.no_grad()
def faces_of(teacher, paths, file):
    """Centres of what the teacher takes for faces, pixels; kept in a file, since it takes a CPU minutes."""
    if os.path.exists(file):
        return json.load(open(file))
    found = {}
    for path in paths:
        centres = []
        for longest in (1024, 512):
            picture, by = whole(path, longest, 'cpu')
            heat = torch.sigmoid(teacher(picture)[HEAT])[0, 0]
            peaks = ((heat == F.max_pool2d(heat[None, None], 5, 1, 2)[0, 0]) & (heat > 0.15)).nonzero().numpy()
            centres += [((x + 0.5) * 4 / by, (y + 0.5) * 4 / by) for y, x in peaks.tolist()]
        found[os.path.basename(path)] = centres
    json.dump(found, open(file, 'w'))
    return found


def loss_of(student, teacher, inner, inside):
    """Of what both say of the same crops."""
    heat, truth = student[HEAT].float(), teacher[HEAT].float()
    p = torch.sigmoid(truth)
    off = heat - truth.clamp(min=HOPELESS)
    off = torch.where(truth < HOPELESS, off.clamp(min=0), off)
    with torch.no_grad():
        hot = torch.maximum(p, torch.sigmoid(heat)) > FACE
        near = F.max_pool2d(hot.float(), 5, 1, 2)
        weights = near + 0.03
    loss = (weights * off.abs().clamp(max=4) * off.abs() / (1 + 0.25 * off.abs())).sum() / weights.sum()
    box = (p > FACE).float() * p.sqrt()
    total = box.sum() + 1
    for name, factor in ((SCALE, 10.0), (OFFSET, 5.0), (LANDMARKS, 0.5)):
        loss = loss + factor * (box * (student[name].float() - teacher[name].float()).abs()).sum() / total / student[name].shape[1]
    if inside > 0:
        for name in inner:
            mine, yours = student[name].float(), teacher[name].float()
            w = 0.1 + F.interpolate(near, mine.shape[2:], mode='area')
            spread = yours.var(dim=(0, 2, 3), keepdim=True) + 1e-3 * yours.var() + 1e-6
            loss = loss + inside / len(inner) * (w * (mine - yours) ** 2 / spread).mean() / w.mean()
    return loss


@torch.no_grad()
def compare(student, teacher, paths, device):
    """(rms of the logits near faces, peaks lost, peaks new, peaks) on whole pictures."""
    squares, places, lost, new, peaks = 0.0, 0, 0, 0, 0
    for i, path in enumerate(paths):
        picture, _ = whole(path, (1024, 640)[i % 2], device)
        truth, heat = teacher(picture)[HEAT].float(), student(picture)[HEAT].float()
        hot = (torch.sigmoid(truth) > FACE) | (torch.sigmoid(heat) > FACE)
        squares, places = squares + ((heat - truth)[hot] ** 2).sum().item(), places + hot.sum().item()
        peak = lambda h: (h == F.max_pool2d(h, 5, 1, 2)) & (torch.sigmoid(h) > 0.3)
        weak = lambda h: F.max_pool2d((torch.sigmoid(h) > 0.12).float(), 5, 1, 2) > 0
        a, b = peak(truth), peak(heat)
        lost, new, peaks = lost + (a & ~weak(heat)).sum().item(), new + (b & ~weak(truth)).sum().item(), peaks + a.sum().item()
    return math.sqrt(squares / max(1, places)), lost, new, peaks


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


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('teacher')
    p.add_argument('pictures')
    p.add_argument('students', nargs='+')
    p.add_argument('--out', required=True)
    p.add_argument('--minutes', type=float, default=8)
    p.add_argument('--batch', type=int, default=48)
    p.add_argument('--rate', type=float, default=4e-3, help='step of a weight, of its tensor\'s root mean square')
    p.add_argument('--workers', type=int, default=14)
    a = p.parse_args()
    began = time.time()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    cv2.setNumThreads(0)
    torch.manual_seed(0)
    paths = sorted(glob.glob(os.path.join(a.pictures, '*.jpg')))
    held = [q for q in paths if os.path.basename(q).startswith('held_')]
    paths = [q for q in paths if q not in held]
    teacher = Graph(a.teacher).requires_grad_(False)
    faces = os.path.join(a.pictures, 'faces.json')
    if a.minutes > 0 and not os.path.exists(faces):
        p.error('run it with --minutes 0 first')
    found = faces_of(teacher, paths, faces)
    if a.minutes == 0:
        return
    # Before anything else has threads, which a fork would cut off.
    batches = iter(DataLoader(Crops(paths, found, 1), a.batch, num_workers=a.workers, prefetch_factor=6 if a.workers else None))
    form = torch.channels_last if device == 'cuda' else torch.contiguous_format
    teacher = teacher.to(device, memory_format=form)
    students = [Graph(s).to(device, memory_format=form) for s in a.students]
    inner = sorted(set(teacher.given_on()).intersection(*(s.given_on() for s in students)))
    print(len(paths), 'pictures,', len(held), 'held out,', sum(map(len, found.values())), 'faces to begin from', flush=True)
    optimizers = [Adam(list(s.parameters())) for s in students]
    means = [{k: v.detach().clone() for k, v in s.named_parameters()} for s in students]
    shown, start, end = 0.0, time.time(), began + a.minutes * 60
    sums, count = [0.0] * len(students), 0
    torch.backends.cudnn.benchmark = True
    for step, crops in enumerate(batches):
        if step == 0:
            start = time.time()
        done = (time.time() - start) / max(1e-9, end - start)
        if done >= 1:
            break
        rate = a.rate * min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done))
        x = crops.to(device).float().to(memory_format=form)
        with torch.no_grad():
            truth = teacher(x)
        for i, (s, o, mean) in enumerate(zip(students, optimizers, means)):
            loss = loss_of(s(x), truth, inner, INSIDE * max(0, 1 - done / 0.6))
            s.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(s.parameters(), 5.0)
            o.step(rate)
            with torch.no_grad():
                keep = min(0.998, 1 - 1 / (step / 10 + 1))
                torch._foreach_lerp_(list(mean.values()), list(s.parameters()), 1 - keep)
            sums[i] = sums[i] + loss.detach()
        count += 1
        if time.time() - shown > 15:
            print(f'step {step}, {done:.2f}:', *[f'{float(v) / count:.4f}' for v in sums], f'{time.time() - began:.0f} s', flush=True)
            sums, count, shown = [0.0] * len(students), 0, time.time()
    torch.backends.cudnn.benchmark = False
    for path, s, mean in zip(a.students, students, means):
        s.save(os.path.join(a.out, os.path.basename(path)), mean)
    for path, s, mean in zip(a.students, students, means):
        with torch.no_grad():
            torch._foreach_copy_(list(s.parameters()), list(mean.values()))
        print(path, compare(s, teacher, held[::2], device), flush=True)
    os._exit(0)  # the workers make crops for ever


if __name__ == '__main__':
    main()
