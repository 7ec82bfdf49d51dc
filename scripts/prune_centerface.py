#!/usr/bin/env python3
"""Makes CenterFace cheaper and leaves what it says as it is, as far as possible.

    python3 scripts/prune_centerface.py SOURCE.onnx PRUNED.onnx PICTURE... [--price 1e-6]

Two convolutions without an activation between them become one. Then hidden channels of the inverted residual blocks are
removed: one after the other, always the one that the rest of its block can best stand in for by least squares (the rule of
Optimal Brain Surgeon, Hassibi and Stork 1993), until a block's error times its effect on the heat map is worth less
than --price for each multiplication saved at a pixel. At last the last layer of each block is fitted, in order, to the values
that it had in SOURCE. No label is used: the pictures only show which values occur. They are seen at
several scales, and places near faces are seen as often as all others together.

Needs: pip install numpy onnx onnxruntime opencv-python-headless
"""
import argparse, copy
import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

PICTURE, HEAT = 'input.1', '536'
LONGEST, SCALES = 1280, [1.0, 0.5, 1.0, 0.5, 1.5]
FACE, REACH = 0.05, 9  # heat of a face, and cells around it that count as near
ANYWHERE, NEAR = 150, 250  # places of each picture
STEP = 16  # channels that the kernels take at once; the first block, whose picture is the largest, has half as many
NOISE = 0.1


class Net:
    """A graph and its weights by name."""

    def __init__(self, model):
        self.model = model
        self.weights = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        self.maker = {o: n for n in model.graph.node for o in n.output}

    def copy(self):
        net = Net(copy.deepcopy(self.model))
        net.weights = dict(self.weights)
        return net

    def finished(self):
        del self.model.graph.initializer[:]
        for name, value in self.weights.items():
            self.model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
        return self.model

    def runs(self, wanted):
        """A function from a picture to the tensors of these names."""
        model = copy.deepcopy(self.finished())
        for name in set(wanted) - {o.name for o in model.graph.output}:
            model.graph.output.append(helper.make_tensor_value_info(name, 1, None))
        session = onnxruntime.InferenceSession(model.SerializeToString())
        return lambda picture: dict(zip(wanted, session.run(wanted, {PICTURE: picture})))

    def layers(self):
        return [n for n in self.model.graph.node if n.op_type in ('Conv', 'ConvTranspose')]

    def kernel(self, layer):
        return self.weights[layer.input[1]].astype(np.float64)

    def is_depthwise(self, layer):
        return layer.op_type == 'Conv' and self.weights[layer.input[1]].shape[1] == 1 < self.weights[layer.input[1]].shape[0]


def merge_linear(net):
    """Makes one of each pair of 1x1 convolutions of which the first feeds nothing but the second."""
    readers = {}
    for n in net.model.graph.node:
        for name in n.input:
            readers.setdefault(name, []).append(n)
    for second in net.layers():
        first = net.maker.get(second.input[0])
        if first is None or first.op_type != 'Conv' or len(readers[first.output[0]]) > 1:
            continue
        if net.kernel(first).shape[2:] != (1, 1) or net.kernel(second).shape[2:] != (1, 1):
            continue
        a, b = net.kernel(first)[:, :, 0, 0], net.kernel(second)[:, :, 0, 0]
        if a.size + b.size < len(b) * a.shape[1]:
            continue  # a bottleneck: two small ones cost less
        net.weights[second.input[2]] = b @ net.weights[first.input[2]] + net.weights[second.input[2]]
        net.weights[second.input[1]] = (b @ a)[:, :, None, None]
        second.input[0] = first.input[0]
        net.model.graph.node.remove(first)
        del net.weights[first.input[1]], net.weights[first.input[2]]
    return Net(net.finished())


def blocks(net):
    """(expansion, depthwise, projection) of each inverted residual block."""
    found = []
    for n in net.layers():
        before = net.maker.get(n.input[0])
        if net.is_depthwise(n) or before is None or before.op_type != 'Relu':
            continue
        depthwise = net.maker[before.input[0]]
        if depthwise.op_type == 'Conv' and net.is_depthwise(depthwise):
            found.append((net.maker[net.maker[depthwise.input[0]].input[0]], depthwise, n))
    return found


def canvases(paths):
    """Pictures as the network takes them, at one scale each."""
    for i, path in enumerate(paths):
        picture = cv2.imread(path)
        factor = LONGEST / max(picture.shape[:2]) * SCALES[i % len(SCALES)]
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way)
        height, width = (-v % 32 for v in picture.shape[:2])
        picture = cv2.copyMakeBorder(picture, 0, height, 0, width, cv2.BORDER_CONSTANT)
        yield picture[:, :, ::-1].astype(np.float32).transpose(2, 0, 1)[None]


class Places:
    """Where each picture's tensors are looked at: (rows, columns) for a picture's number and a tensor's sides."""

    def __init__(self):
        self.near = []

    def add(self, heat):
        hot = (1 / (1 + np.exp(-heat)) > FACE).astype(np.uint8)
        self.near.append(cv2.dilate(hot, np.ones((REACH, REACH))).astype(np.float32))

    def of(self, number, rows, columns):
        rng, near = np.random.default_rng(number), self.near[number]
        way = cv2.INTER_AREA if columns < near.shape[1] else cv2.INTER_LINEAR
        near = np.flatnonzero(cv2.resize(near, (columns, rows), interpolation=way).ravel() > 0.5)
        some = rng.integers(0, rows * columns, ANYWHERE)
        if len(near):
            some = np.concatenate([some, rng.choice(near, NEAR)])
        return some // columns, some % columns


def observe(net, paths):
    """(places, what every block's projection makes there, what it reads there, its pixels for each picture pixel)."""
    projections = [b[2] for b in blocks(net)]
    inner, made = [n.input[0] for n in projections], [n.output[0] for n in projections]
    run, places = net.runs([HEAT, *inner, *made]), Places()
    values, read, share = {y: [] for y in made}, {x: [] for x in inner}, {}
    for i, picture in enumerate(canvases(paths)):
        seen = run(picture)
        places.add(seen[HEAT][0, 0])
        for name, into in [*values.items(), *read.items()]:
            tensor = seen[name][0]
            into.append(tensor[(slice(None), *places.of(i, *tensor.shape[1:]))])
            share[name] = tensor[0].size / picture[0, 0].size
    gathered = lambda of: {k: np.concatenate(v, 1).astype(np.float64) for k, v in of.items()}
    return places, gathered(values), gathered(read), share


def effect(net, block, read, pictures, before):
    """Squared change of the heat map at faces for each unit of squared relative error of a block."""
    noisy, projection = net.copy(), block[2]
    weights, values = net.kernel(projection), read[projection.input[0]]
    noise = np.random.default_rng(0).normal(size=weights.shape)
    spread = lambda w: (w[:, :, 0, 0] @ (values - values.mean(1, keepdims=True))).var(1).sum()
    noise *= NOISE * np.sqrt(spread(weights) / spread(noise))
    noisy.weights[projection.input[1]] = weights + noise
    noisy.weights[projection.input[2]] = net.weights[projection.input[2]] - noise[:, :, 0, 0] @ values.mean(1)
    run, changes = noisy.runs([HEAT]), []
    for picture, heat in zip(pictures, before):
        changes.append((run(picture)[HEAT] - heat)[1 / (1 + np.exp(-heat)) > FACE])
    return np.mean(np.concatenate(changes) ** 2) / NOISE**2


def eliminated(weights, values):
    """What is left and the relative error after each removal: [(error, channels)]."""
    values = values - values.mean(1, keepdims=True)
    moments = values @ values.T / values.shape[1]
    whole = np.einsum('oc,cd,od->', weights, moments, weights)
    inverse = np.linalg.inv(moments + 1e-5 * np.trace(moments) / len(moments) * np.eye(len(moments)))
    weights, left, error = weights.copy(), list(range(len(moments))), 0.0
    steps = [(0.0, list(left))]
    while len(left) > STEP:
        costs = (weights**2).sum(0) / np.diag(inverse)
        j = int(costs.argmin())
        error += costs[j] / whole
        column = inverse[:, j].copy()
        weights = np.delete(weights - np.outer(weights[:, j] / column[j], column), j, 1)
        inverse = np.delete(np.delete(inverse - np.outer(column, column) / column[j], j, 0), j, 1)
        left.pop(j)
        steps.append((error, list(left)))
    return steps


def price_of_channel(net, block, share):
    """Multiplications of one hidden channel for each picture pixel."""
    expansion, depthwise, projection = block
    inside = share[projection.input[0]]
    strides = next(a.ints for a in depthwise.attribute if a.name == 'strides')
    outside = inside * strides[0] * strides[1]
    return inside * (len(net.kernel(projection)) + 9) + outside * np.prod(net.kernel(expansion).shape[1:])


def by_price(net, share, read, pictures, price):
    """Chooses what is worth its price."""
    before = [net.runs([HEAT])(p)[HEAT] for p in pictures]

    def choose(number, block, steps):
        weight, each = effect(net, block, read, pictures, before), price_of_channel(net, block, share)
        unit = STEP if number else STEP // 2
        steps = [s for s in steps if len(s[1]) % unit == 0]
        return min(steps, key=lambda s: weight * s[0] + price * each * len(s[1]))

    return choose


def by_width(widths):
    """Chooses so many channels for each block."""
    return lambda number, _, steps: min(steps, key=lambda s: abs(len(s[1]) - widths[number]))


def prune(net, read, choose):
    """Removes channels."""
    whole = net.copy()
    for number, block in enumerate(blocks(net)):
        expansion, depthwise, projection = block
        weights = whole.kernel(projection)[:, :, 0, 0]
        error, left = choose(number, block, eliminated(weights, read[projection.input[0]]))
        print(f'{len(left):4} of {weights.shape[1]:4} channels, relative error {error:.4f}', flush=True)
        for layer in (expansion, depthwise):
            for name in layer.input[1:3]:
                net.weights[name] = net.weights[name][left]
        next(a for a in depthwise.attribute if a.name == 'group').i = len(left)
        net.weights[projection.input[1]] = net.weights[projection.input[1]][:, left]


def solved(read, wanted, weights):
    """Weights and bias of least squares, held to `weights` where the values say nothing."""
    mean, target = read.mean(1, keepdims=True), wanted.mean(1, keepdims=True)
    read = read - mean
    moments = read @ read.T / read.shape[1]
    hold = 2e-4 * np.trace(moments) / len(moments) * np.eye(len(moments))
    rest = (wanted - target - weights @ read) @ read.T / read.shape[1]
    weights = weights + np.linalg.solve(moments + hold, rest.T).T
    return weights, (target - weights @ mean)[:, 0]


def refit(net, projection, paths, places, wanted):
    """Fits a block's last layer to the values that it had in the whole network."""
    name = projection.input[0]
    run, read = net.runs([name]), []
    for i, picture in enumerate(canvases(paths)):
        tensor = run(picture)[name][0]
        read.append(tensor[(slice(None), *places.of(i, *tensor.shape[1:]))])
    read = np.concatenate(read, 1).astype(np.float64)
    weights, bias = solved(read, wanted, net.kernel(projection)[:, :, 0, 0])
    net.weights[projection.input[1]], net.weights[projection.input[2]] = weights[:, :, None, None], bias


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('source')
    p.add_argument('pruned')
    p.add_argument('pictures', nargs='+')
    p.add_argument('--price', type=float, default=1e-6)
    p.add_argument('--widths', type=lambda s: [int(n) for n in s.split(',')], help='channels of each block, instead of a price')
    a = p.parse_args()
    net = merge_linear(Net(onnx.load(a.source)))
    places, values, read, share = observe(net, a.pictures)
    prices = lambda: by_price(net.copy(), share, read, list(canvases(a.pictures[::8])), a.price)
    prune(net, read, by_width(a.widths) if a.widths else prices())
    for _, _, projection in blocks(net):
        refit(net, projection, a.pictures, places, values[projection.output[0]])
    onnx.checker.check_model(net.finished())
    onnx.save(net.model, a.pruned)


if __name__ == '__main__':
    main()
