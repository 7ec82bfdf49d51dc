#!/usr/bin/env python3
"""Tunes CenterFace with labels: faces at any angle, in bad light, blurred; what it says of the rest stays as it is.

    python3 scripts/tune_centerface.py SOURCE.onnx SET... --faceless FOLDER --out FOLDER --minutes 60

Writes FOLDER/tuned.onnx, of the same shape as SOURCE. One thread of a CPU is enough. SET holds images/ and ground_truth.txt
in the format of WIDER FACE. Pictures that stay out of every fit (`split.py`) are not read; a third of the others is only
validated on (`is_validation`).

The source network sees each crop as it is, upright. What it says is the target, turned as the crop is turned, so that a
network that changes nothing has no loss on upright crops. The labels change that target where they contradict it: a
labelled face that it misses is raised, and what lies outside every labelled box is lowered. The tuned network sees the
crop turned, mirrored, darkened, blurred, with noise and as a JPEG. Faces too small, and those labelled invalid, change
nothing.

The first half of the layers stays as it is, and what it makes of a crop is kept, so that a crop that is seen again costs a
sixth. The weights that count are a moving average, and those with the best recall in validation are written.

Needs: pip install numpy onnx opencv-python-headless torch
"""
import argparse, glob, hashlib, math, os, time
import cv2
import numpy as np
import torch
import torch.nn.functional as F
from split import is_kept_out, read_labels
from teach_centerface import FACE, HEAT, HOPELESS, LANDMARKS, OFFSET, SCALE, STRIDE, Adam, Graph, spelt_out, turned

SIDE = 320  # pixels of a crop
FROZEN = '448'  # the last tensor that does not change, at a sixteenth of the resolution
SMALLEST = 7.0  # pixels of the crop: smaller faces are neither raised nor lowered
TINY_LABEL = 16  # picture pixels: boxes of smaller faces are too coarse to be learned
RAISED = {'clear': 0.9, 'other': 0.75, 'hard': 0.5}  # heat that a labelled face should have at least
WEIGHT = {'clear': 3.0, 'other': 1.5, 'hard': 0.5}
LOWERED = 0.03  # heat that what is no face should have at most
RATES = (0.3, 1.0, 3.0)  # false positives a picture at which recall is compared


def is_validation(name):
    stem = os.path.splitext(os.path.basename(name))[0]
    return int(hashlib.sha256(stem.encode()).hexdigest()[8:16], 16) % 3 == 0


def kind_of(box):
    """Of a label: blur, expression, illumination, invalid, occlusion, pose follow its box."""
    if box[4] >= 2 or box[8] >= 2:
        return 'hard'
    return 'clear' if box[4] == 0 else 'other'


class Picture:
    def __init__(self, path, boxes):
        self.image = cv2.imread(path)
        self.boxes = boxes
        size = lambda b: math.sqrt(b[2] * b[3])
        worth = {'clear': 3.0, 'other': 1.5, 'hard': 0.5}
        self.worth = np.array([0.0 if b[7] or size(b) < 7 else worth[kind_of(b)] * min(1, size(b) / 16) for b in boxes])


def motion(image, rng):
    length, angle = int(rng.integers(3, 10)), rng.uniform(0, math.pi)
    kernel = np.zeros((length, length), np.float32)
    middle, reach = (length - 1) / 2, length / 2
    ends = [(round(middle + s * reach * math.cos(angle)), round(middle + s * reach * math.sin(angle))) for s in (-1, 1)]
    cv2.line(kernel, *ends, 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def worsened(image, rng, largest):
    """Darker, blurred, noisy or compressed, for some crops. `largest`: blur is only for crops without small faces."""
    image = image.astype(np.float32)
    if rng.random() < 0.4:
        image = 255 * (image / 255) ** math.exp(rng.uniform(-0.5, 0.5)) * rng.uniform(0.6, 1.25)
        image *= rng.uniform(0.9, 1.1, 3)
    if rng.random() < 0.08:
        image = np.repeat(image.mean(2, keepdims=True), 3, 2)
    if rng.random() < 0.04:  # stage light
        image = image * rng.choice([0.1, 0.4, 1.0], 3)
    if largest and rng.random() < 0.08:
        image = motion(image, rng)
    elif rng.random() < 0.1:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0 if largest else 1.0))
    if rng.random() < 0.15:
        image = image * math.exp(rng.uniform(math.log(0.05), math.log(0.4)))
    if rng.random() < 0.15:
        image = image + rng.normal(0, rng.uniform(2, 14), image.shape)
    image = image.clip(0, 255)
    if rng.random() < 0.15:
        _, data = cv2.imencode('.jpg', image.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.float32)
    return np.round(image)


class Crop:
    """Where a crop is in a picture, upright and turned clockwise by `angle` (radians)."""

    def __init__(self, picture, rng, turns):
        height, width = picture.image.shape[:2]
        scale = math.exp(rng.uniform(*np.log([0.3, 1.5])))
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if picture.worth.sum() and rng.random() < 0.85:
            b = picture.boxes[rng.choice(len(picture.boxes), p=picture.worth / picture.worth.sum())]
            size = math.sqrt(b[2] * b[3])
            if rng.random() < 0.75:
                scale = math.exp(rng.uniform(*np.log([8, 150]))) / size
            scale = min(max(scale, 0.15, 0.7 * SIDE / max(width, height)), 4.0)
            away = min(0.4 * SIDE, 0.5 * SIDE - 0.3 * size * scale) if size * scale < SIDE else 0
            angle, reach = rng.uniform(0, 2 * math.pi), away * math.sqrt(rng.random())
            x = b[0] + b[2] / 2 + reach / scale * math.cos(angle)
            y = b[1] + b[3] / 2 + reach / scale * math.sin(angle)
        self.angle = rng.uniform(0, 2 * math.pi) if rng.random() < turns else math.radians(rng.normal(0, 8))
        self.flip = -1.0 if rng.random() < 0.5 else 1.0
        self.scale, self.at = scale, np.array([x, y])

    def seen(self, image, angle):
        c, s = math.cos(angle) * self.scale, math.sin(angle) * self.scale
        m = np.array([[c * self.flip, -s, 0], [s * self.flip, c, 0]])
        m[:, 2] = SIDE / 2 - 0.5 - m[:, :2] @ (self.at - 0.5)
        if self.scale < 0.6:  # warpAffine does not average
            small = max(self.scale * 1.2, 0.05)
            image = cv2.resize(image, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
            m[:, :2] /= small
            m[:, 2] = SIDE / 2 - 0.5 - m[:, :2] @ (self.at * small - 0.5)
        return cv2.warpAffine(image, m, (SIDE, SIDE), flags=cv2.INTER_LINEAR)

    def labels(self, picture):
        """Middle, width and height about the crop's middle, kind and side in the picture, as the turned crop shows them."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        for b in picture.boxes:
            x, y = (b[0] + b[2] / 2 - self.at[0]) * self.scale * self.flip, (b[1] + b[3] / 2 - self.at[1]) * self.scale
            w, h = b[2] * self.scale, b[3] * self.scale
            x, y = c * x - s * y, s * x + c * y
            w, h = math.hypot(w * c, h * s), math.hypot(h * c, w * s)
            if abs(x) < SIDE / 2 + w and abs(y) < SIDE / 2 + h:
                yield x, y, w, h, 'ignored' if b[7] else kind_of(b), b[3]


def corrected(told, labels):
    """The target of one crop [15, k, k], where the labels contradict it, and weights of heat and boxes [k, k]."""
    k = SIDE // STRIDE
    at = (np.arange(k, dtype=np.float32) + 0.5) * STRIDE - SIDE / 2
    x, y = at[None, :], at[:, None]
    heat = 1 / (1 + np.exp(-told[0]))
    outside, weight, boxes = np.ones((k, k), bool), np.ones((k, k), np.float32), np.ones((k, k), np.float32)
    raised, of_label = np.zeros((k, k), np.float32), []
    for lx, ly, w, h, kind, side in labels:
        dx, dy, size = np.abs(x - lx), np.abs(y - ly), math.sqrt(w * h)
        outside &= ~((dx < 0.75 * w + 4) & (dy < 0.75 * h + 4))
        inner = (dx < w / 2) & (dy < h / 2)
        if kind == 'ignored' or size < SMALLEST:
            weight[inner] = 0.3
            continue
        sigma = max(0.09 * size, 2.4)
        bump = np.exp(-(dx**2 + dy**2) / (2 * sigma**2))
        middle = (dx < max(0.2 * w, 4)) & (dy < max(0.2 * h, 4))
        weight[inner] = np.maximum(weight[inner], 0.5 * WEIGHT[kind])
        if not middle.any():
            continue
        if heat[middle].max() < RAISED[kind]:
            core, ring = bump > 0.5, (bump > 0.03) & (bump <= 0.5)
            raised = np.maximum(raised, np.where(core, RAISED[kind] * bump, 0))
            weight[ring] = 0
            weight[core] = WEIGHT[kind]
        else:
            weight[bump > 0.1] = WEIGHT[kind]
        if side >= TINY_LABEL:
            of_label.append((middle | (bump > 0.5), lx, ly, w, h, kind))
    known = heat > 0.3
    low = outside & (heat > LOWERED)
    weight[low] *= np.where(heat[low] > 0.5, 0.3, 1.0)
    told = told.copy()
    heat = np.where(low, LOWERED, np.maximum(heat, raised))
    lifted = raised > 0.03
    told[0] = np.log(heat.clip(1e-5, 1 - 1e-5) / (1 - heat.clip(1e-5, 1 - 1e-5)))
    boxes[lifted & ~known] = 0
    for cells, lx, ly, w, h, kind in of_label:
        told[1:5, cells] = np.array([lx, ly, w, h], np.float32)[:, None]
        boxes[cells] = 1.0 if kind != 'hard' else 0.4
    marks = known & ~low
    return told, weight, np.where(low, 0, boxes).astype(np.float32), marks.astype(np.float32)


def loss_of(outputs, target, weight, boxes, marked):
    """Heat everywhere, boxes and landmarks at faces. `weight`, `boxes`, `marked`: [n, 1, k, k]."""
    heat, scale, offset, marks = outputs
    truth = target[:, :1]
    p = torch.sigmoid(truth)
    with torch.no_grad():
        near = F.max_pool2d((torch.maximum(p, torch.sigmoid(heat)) > FACE).float(), 5, 1, 2)
        weight = (near + 0.03) * weight
    cross = F.binary_cross_entropy_with_logits
    wrong = cross(heat, p, reduction='none') - cross(truth, p, reduction='none')
    apart = heat.clamp(min=HOPELESS) - truth.clamp(min=HOPELESS)
    apart = F.smooth_l1_loss(apart, torch.zeros_like(apart), reduction='none')
    total = (weight * (25 * wrong + 0.7 * apart)).sum() / (weight.sum() + 100)
    at = torch.arange(heat.shape[-1], dtype=torch.float32)
    x, y, w, h = (target[:, i : i + 1] for i in range(1, 5))
    w, h = w.clamp(min=1), h.clamp(min=1)
    dx, dy = (x + SIDE / 2) / STRIDE - at[None, :] - 0.5, (y + SIDE / 2) / STRIDE - at[:, None] - 0.5
    box = boxes * (p > FACE) * p.sqrt()
    near_by = (dx.abs() < 2) * (dy.abs() < 2)
    mx, my = (target[:, 5::2] - (x - w / 2)) / w, (target[:, 6::2] - (y - h / 2)) / h
    parts = (
        (scale, torch.cat([h, w], 1).div(STRIDE).log(), box, 1.0),
        (offset, torch.cat([dy, dx], 1), box * near_by, 0.5),
        (marks, torch.stack([my, mx], 2).flatten(1, 2).clamp(-2, 3), box * marked, 0.1),
    )
    for said, right, share, factor in parts:
        total = total + factor * (share * (said - right).abs()).sum() / (share.sum() + 1) / said.shape[1]
    return total


class Tuned(Graph):
    """The network with its first layers as they are."""

    def __init__(self, path):
        super().__init__(path)
        self.cut = [n.output[0] for n, _ in self.nodes].index(FROZEN) + 1
        for n, _ in self.nodes[: self.cut]:
            for name in n.input[1:]:
                if name in self.names:
                    self.weight(name).requires_grad_(False)
        self.read = {name for n, _ in self.nodes[self.cut :] for name in n.input}

    def changing(self):
        return {k: v for k, v in self.named_parameters() if v.requires_grad}

    def first_half(self, picture):
        """The tensors that the layers which change are given."""
        with torch.no_grad():
            seen = self.run(self.nodes[: self.cut], {self.model.graph.input[0].name: picture})
        return {name: value.detach().bfloat16() for name, value in seen.items() if name in self.read}

    def second_half(self, tensors):
        seen = self.run(self.nodes[self.cut :], dict(tensors))
        return [seen[name].float() for name in (HEAT, SCALE, OFFSET, LANDMARKS)]


def batch_of(pictures, faceless, teacher, count, rng, turns):
    crops, upright, labels = [], [], []
    for i in range(count):
        pool = faceless if faceless and rng.random() < 0.08 else pictures
        picture = pool[rng.integers(len(pool))]
        crop = Crop(picture, rng, turns)
        found = list(crop.labels(picture))
        small = any(14 > math.sqrt(w * h) for _, _, w, h, _, _ in found)
        crops.append((worsened(crop.seen(picture.image, crop.angle), rng, not small), crop.angle))
        upright.append(crop.seen(picture.image, 0.0))
        labels.append(found)
    tensor = lambda images: torch.from_numpy(np.stack(images)[..., ::-1].astype(np.float32)).permute(0, 3, 1, 2)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        told = spelt_out(teacher(tensor(upright)), SIDE)
    told, seen = turned(told, SIDE, torch.tensor([a for _, a in crops], dtype=torch.float32))
    parts = [corrected(t.numpy(), l) for t, l in zip(told, labels)]
    target, weight, boxes, marked = (torch.from_numpy(np.stack(p)) for p in zip(*parts))
    weight, boxes, marked = (m[:, None] for m in (weight, boxes, marked))
    # What the source network did not see is known where a label says it.
    raised = (target[:, :1] > told[:, :1]).float()
    known = torch.maximum(seen, raised)
    return tensor([c for c, _ in crops]), target, weight * known, boxes * known, marked * seen


def found_in(net, image):
    """Boxes x, y, w, h and scores."""
    h, w = image.shape[:2]
    image = cv2.copyMakeBorder(image, 0, -h % 32, 0, -w % 32, cv2.BORDER_CONSTANT)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        x = torch.from_numpy(image[:, :, ::-1].astype(np.float32).transpose(2, 0, 1)[None].copy())
        heat, scale, offset, _ = (o[0] for o in net(x.contiguous(memory_format=torch.channels_last)))
    heat = torch.sigmoid(heat[0])
    peak = (heat > 0.03) & (heat == F.max_pool2d(heat[None], 3, 1, 1)[0])
    y, x = (v.numpy() for v in peak.nonzero(as_tuple=True))
    score, scale, offset = heat[y, x].numpy(), scale[:, y, x].clamp(-3, 6).exp().numpy() * STRIDE, offset[:, y, x].numpy()
    cx, cy = (x + offset[1] + 0.5) * STRIDE, (y + offset[0] + 0.5) * STRIDE
    boxes = np.stack([cx - scale[1] / 2, cy - scale[0] / 2, scale[1], scale[0]], 1)
    keep = cv2.dnn.NMSBoxes(boxes.tolist(), score.tolist(), 0.0, 0.3) if len(score) else []
    keep = np.array(keep, int).reshape(-1)
    return boxes[keep], score[keep]


def judged(net, views):
    """Recall of clear faces and of all of 16 pixels and more, each at RATES, over `views`: (image, labels)."""
    false, best = [], {'clear': [], 'all': []}
    for image, labels in views:
        boxes, scores = found_in(net, image)
        middle = boxes[:, :2] + boxes[:, 2:] / 2
        side = np.sqrt(boxes[:, 2] * boxes[:, 3])
        free = np.ones(len(boxes), bool)
        for x, y, w, h, kind, _ in labels:
            dx, dy = np.abs(middle[:, 0] - x) / w, np.abs(middle[:, 1] - y) / h
            free &= ~((dx < 1) & (dy < 1))
            if kind == 'ignored' or math.sqrt(w * h) < 14:
                continue
            ratio = side / math.sqrt(w * h)
            hit = (dx < 0.35) & (dy < 0.35) & (ratio > 0.6) & (ratio < 1.7)
            score = scores[hit].max() if hit.any() else 0.0
            best['all'].append(score)
            if kind != 'hard':
                best['clear'].append(score)
        false += scores[free].tolist()
    false = np.sort(false)[::-1]
    limits = [false[min(len(false) - 1, int(r * len(views)))] if len(false) else 0.0 for r in RATES]
    return {k: [float(np.mean(np.array(v) > t)) for t in limits] for k, v in best.items()}


def views_of(pictures, angles):
    """Pictures of at most 768 pixels, turned."""
    views = []
    for picture, angle in zip(pictures, angles):
        h, w = picture.image.shape[:2]
        scale = min(1.0, 768 / max(h, w))
        image = cv2.resize(picture.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        h, w = image.shape[:2]
        c, s = math.cos(angle), math.sin(angle)
        width, height = math.ceil(abs(w * c) + abs(h * s)), math.ceil(abs(w * s) + abs(h * c))
        m = np.array([[c, -s, 0], [s, c, 0]])
        m[:, 2] = np.array([width, height]) / 2 - m[:, :2] @ (np.array([w, h]) / 2)
        labels = []
        for b in picture.boxes:
            x, y = m @ np.array([(b[0] + b[2] / 2) * scale, (b[1] + b[3] / 2) * scale, 1])
            bw, bh = b[2] * scale, b[3] * scale
            labels.append((x, y, math.hypot(bw * c, bh * s), math.hypot(bh * c, bw * s), 'ignored' if b[7] else kind_of(b), b[3]))
        views.append((cv2.warpAffine(image, m, (width, height)), labels))
    return views


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('source')
    p.add_argument('sets', nargs='+')
    p.add_argument('--faceless', help='folder of pictures without a face')
    p.add_argument('--out', required=True)
    p.add_argument('--minutes', type=float, default=60)
    p.add_argument('--batch', type=int, default=8)
    p.add_argument('--rate', type=float, default=6e-4, help="step of a weight, of its tensor's root mean square")
    p.add_argument('--turned', type=float, default=0.4, help='share of the crops that are turned by any angle')
    p.add_argument('--crops', type=int, default=4800, help='that are kept')
    p.add_argument('--repeat', type=int, default=4, help='steps for each new batch of crops')
    p.add_argument('--validate', type=int, default=300, help='steps between validations')
    p.add_argument('--views', type=int, default=80, help='pictures to validate on, upright; half as many turned')
    p.add_argument('--limit', type=int, help='of pictures, to try it out')
    a = p.parse_args()
    torch.set_num_threads(1), cv2.setNumThreads(1), torch.manual_seed(0)
    os.makedirs(a.out, exist_ok=True)
    learned, held = [], []
    for folder in a.sets:
        for name, boxes in sorted(read_labels(os.path.join(folder, 'ground_truth.txt')).items()):
            if not is_kept_out(name):
                (held if is_validation(name) else learned).append((os.path.join(folder, 'images', name), boxes))
    empty = sorted(q for q in glob.glob(os.path.join(a.faceless or '', '*')) if a.faceless and not is_kept_out(q))
    held = held[:: max(1, len(held) // a.views)][: a.views]
    learned = [Picture(*l) for l in learned[: a.limit]]
    held = [Picture(*l) for l in held]
    empty = [Picture(q, []) for q in empty if not is_validation(q)]
    angles = [math.radians(30 * (i % 11 + 1)) for i in range(len(held) // 2)]
    upright, tilted = views_of(held, [0.0] * len(held)), views_of(held[::2], angles)
    del held
    teacher = Graph(a.source).requires_grad_(False).to(memory_format=torch.channels_last)
    net = Tuned(a.source).to(memory_format=torch.channels_last)
    weights = net.changing()
    optimizer = Adam(list(weights.values()))
    mean = {k: v.detach().clone() for k, v in weights.items()}
    print(len(learned), 'pictures', len(empty), 'without a face', flush=True)

    def validate(step, best):
        kept = {k: v.detach().clone() for k, v in weights.items()}
        with torch.no_grad():
            [v.copy_(mean[k]) for k, v in weights.items()]
        results = judged(net, upright), judged(net, tilted)
        said = ' '.join(f'{name} {kind} ' + '/'.join(f'{100 * v:.1f}' for v in r[kind]) for name, r in zip(('upright', 'turned'), results) for kind in r)
        quality = np.mean(results[0]['clear']) + 0.5 * np.mean(results[0]['all']) + 0.5 * np.mean(results[1]['clear'])
        print(f'step {step}, {time.time() - began:.0f} s, {time.process_time():.0f} CPU s, {quality:.4f}: {said}', flush=True)
        whole = {k: v.detach() for k, v in net.named_parameters()}
        net.save(os.path.join(a.out, f'step{step}.onnx'), whole)
        if quality > best:
            net.save(os.path.join(a.out, 'tuned.onnx'), whole)
        with torch.no_grad():
            [v.copy_(kept[k]) for k, v in weights.items()]
        return max(quality, best)

    began, step, losses, lessons = time.time(), 0, [], []
    best, rng = validate(0, 0.0), np.random.default_rng(1)
    while (done := (time.time() - began) / (60 * a.minutes)) < 1:
        if step % a.repeat == 0 and len(lessons) * a.batch < a.crops:
            crops, *wanted = batch_of(learned, empty, teacher, a.batch, rng, a.turned)
            with torch.autocast('cpu', torch.bfloat16):
                tensors = net.first_half(crops.contiguous(memory_format=torch.channels_last))
            lessons.append((tensors, [w.half() for w in wanted]))
            lesson = lessons[-1]
        else:
            lesson = lessons[rng.integers(len(lessons))]
        with torch.autocast('cpu', torch.bfloat16):
            outputs = net.second_half(lesson[0])
        loss = loss_of(outputs, *(w.float() for w in lesson[1]))
        net.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), 5.0)
        optimizer.step(a.rate * min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done)))
        with torch.no_grad():
            torch._foreach_lerp_(list(mean.values()), list(weights.values()), max(0.005, 1 / (step / 10 + 1)))
        losses.append(loss.item())
        step += 1
        if step % 50 == 0:
            print(f'step {step}: loss {np.mean(losses[-50:]):.4f}', flush=True)
        if step % a.validate == 0:
            best = validate(step, best)
    validate(step, best)


if __name__ == '__main__':
    main()
