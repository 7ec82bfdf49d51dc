#!/usr/bin/env python3
"""Rewrites PP-OCRv4's mobile text detector so that it costs less and says the same.

    python3 scripts/prepare_text.py ch_PP-OCRv4_det_infer.onnx models/text_ppocrv4.onnx

Every step is exact algebra; only rounding differs. The last step compares both files with ONNX Runtime.

* Batch normalisations, scales and offsets behind a convolution become part of its weights. So does the scale of a
  hard swish (part of the convolutions that read it), and its offset where no reader pads its borders.
* The normalisation of pixels becomes part of the first convolution, but for the subtraction: the input is BGR minus
  127.5, so that zeros at the border stay zeros.
* Two convolutions without an activation between them become one where that is less work.
* The mean over a 1x1 convolution is the convolution of the mean: what squeezes a map reads the smaller one before it.
* `x + x * gate` becomes `x * (1 + gate)`; a hard sigmoid becomes weights and a clip.
* The two transposed convolutions with windows of 2x2 that never overlap become convolutions of 1x1: the output has 16
  channels of a quarter of the sides, channel 4 * row + column for the pixel of that row and column of a cell of 4x4.
* The sigmoid at the end is left to the reader: the output `logits` is what goes into it.

Needs: pip install numpy onnx onnxruntime opencv-python-headless
"""
import sys
import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

SIXTH = 1 / 6


class Net:
    """The source by tensor name."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        self.value = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        self.maker, self.readers = {}, {}
        for node in graph.node:
            if node.op_type == 'Constant':
                self.value[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
                continue
            self.maker[node.output[0]] = node
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.nodes = [n for n in graph.node if n.op_type != 'Constant']

    def only_reader(self, name, op=None):
        """The node that alone reads a tensor, if it is one of that kind."""
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and op in (None, readers[0].op_type) else None

    def behind_gate(self, name):
        """What a mean or a product with a gate is made from: it is scaled as they are."""
        node = self.maker.get(name)
        return node.input if node is not None and node.op_type in ('GlobalAveragePool', 'Mul') else ()

    def constant(self, node):
        """The constant among two inputs, or nothing."""
        found = [self.value[i] for i in node.input if i in self.value]
        return found[0].astype(np.float64) if len(found) == 1 else None


def attribute(node, name, default=None):
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


class Layer:
    """A convolution and all that is folded into it."""

    def __init__(self, net, node):
        self.transposed = node.op_type == 'ConvTranspose'
        self.w = net.value[node.input[1]].astype(np.float64)
        outputs = self.w.shape[1 if self.transposed else 0]
        self.b = net.value[node.input[2]].astype(np.float64) if len(node.input) > 2 else np.zeros(outputs)
        self.source, self.group = node.input[0], attribute(node, 'group', 1)
        self.stride, self.pad = attribute(node, 'strides')[0], attribute(node, 'pads')[0]
        self.act, self.scale, self.shift = None, 1.0, 0.0
        end = node.output[0]
        while (reader := net.only_reader(end)) is not None and self.fold(net, reader):
            end = reader.output[0]
        self.swish(net, end)
        self.end = getattr(self, 'end', end)
        if (reader := net.only_reader(self.end, 'Relu')) and not self.act:
            self.act, self.end = 'Relu', reader.output[0]

    def by_output(self, v):
        return np.broadcast_to(v.reshape(-1), self.b.shape)

    def fold(self, net, node):
        """Takes over a scale or an offset of each channel."""
        if node.op_type == 'BatchNormalization':
            gain, offset, mean, variance = (net.value[i].astype(np.float64) for i in node.input[1:])
            factor = gain / np.sqrt(variance + attribute(node, 'epsilon', 1e-5))
            self.multiply(factor)
            self.b = self.b + offset - mean * factor
        elif node.op_type == 'Mul' and (c := net.constant(node)) is not None:
            self.multiply(self.by_output(c))
        elif node.op_type == 'Add' and (c := net.constant(node)) is not None:
            self.b = self.b + self.by_output(c)
        else:
            return False
        return True

    def multiply(self, factor):
        shape = [1, -1, 1, 1] if self.transposed else [-1, 1, 1, 1]
        self.w, self.b = self.w * factor.reshape(shape), self.b * factor

    def swish(self, net, x):
        """x * clip(x + 3, 0, 6) / 6 * scale + shift, spelt out in the source."""
        readers = net.readers.get(x, [])
        if sorted(r.op_type for r in readers) != ['Add', 'Mul']:
            return
        add, mul = sorted(readers, key=lambda r: r.op_type)
        clip = net.only_reader(add.output[0], 'Clip')
        if clip is None or clip.output[0] not in mul.input:
            return
        div = net.only_reader(mul.output[0], 'Div')
        bounds = [float(net.value[i]) for i in clip.input[1:]]
        assert (float(net.constant(add)), bounds, float(net.constant(div))) == (3.0, [0.0, 6.0], 6.0)
        times = net.only_reader(div.output[0], 'Mul')
        plus = net.only_reader(times.output[0], 'Add')
        self.act, self.end = 'HardSwish', plus.output[0]
        self.scale, self.shift = net.constant(times).item(), net.constant(plus).item()


class Writer:
    """The result, node by node."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value):
        self.count += 1
        name = f'c{self.count}'
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def node(self, op, inputs, output=None, **attributes):
        output = output or f'{op.lower()}{len(self.nodes)}'
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def conv(self, x, w, b, stride=1, pad=0, group=1):
        return self.node('Conv', [x, self.constant(w), self.constant(b)], kernel_shape=list(w.shape[2:]),
                         strides=[stride] * 2, pads=[pad] * 4, group=group, dilations=[1, 1])

    def clip(self, x, low, high):
        return self.node('Clip', [x, self.constant(low), self.constant(high)])

    def up(self, x, factor):
        return self.node('Resize', [x, self.constant(np.zeros(0)), self.constant([1, 1, factor, factor])], mode='nearest',
                         coordinate_transformation_mode='asymmetric', nearest_mode='floor')


def point(w):
    return w.reshape(w.shape[0], -1)


def window(m):
    return m.reshape(*m.shape, 1, 1)


def prepare(path):
    net, out = Net(path), Writer()
    layers = [Layer(net, n) for n in net.nodes if n.op_type in ('Conv', 'ConvTranspose')]
    made = {layer.end: layer for layer in layers}

    # Pixels arrive minus 127.5; the source wants that over 127.5.
    layers[0].w /= 127.5
    # The scale of a hard swish, and its offset where no reader pads.
    for layer in layers:
        if layer.act != 'HardSwish':
            continue
        readers = [r for r in layers if layer.end in (r.source, *net.behind_gate(r.source))]
        layer.shift /= layer.scale
        for reader in readers:
            reader.w = reader.w * layer.scale
        if all(r.pad == 0 and r.source == layer.end for r in readers):
            for reader in readers:
                reader.b = reader.b + reader.w.sum(axis=(1, 2, 3)) * layer.shift
            layer.shift = 0.0

    name = {net.input: 'picture'}

    def gate(pool, extra, before=None):
        """The clip that stands for the squeeze and excitation behind a mean; `before`: a 1x1 convolution whose mean it is."""
        first = next(l for l in layers if l.source == pool.output[0])
        second = next(l for l in layers if l.source == first.end)
        hard = net.only_reader(second.end, 'HardSigmoid')
        alpha, beta = attribute(hard, 'alpha', 0.2), attribute(hard, 'beta', 0.5)
        w, b = first.w, first.b
        if before is not None:
            b = b + point(w) @ before.b
            w = window(point(w) @ point(before.w))
        source = name[before.source if before is not None else pool.input[0]]
        x = out.node('GlobalAveragePool', [source])
        x = out.node('Relu', [out.conv(x, w, b)])
        x = out.conv(x, second.w * alpha, second.b * alpha + beta + extra)
        return out.clip(x, extra, 1 + extra), hard.output[0]

    skip = set()
    # A linear 1x1 convolution and the one that alone reads it, where one is cheaper than both.
    for layer in layers:
        before = made.get(layer.source)
        if before is None or before.act or before.w.shape[2:] != (1, 1) or layer.w.shape[2:] != (1, 1):
            continue
        if len(net.readers[before.end]) > 1 or net.maker.get(before.source) is None:
            continue
        outputs, inner, inputs = layer.w.shape[0], layer.w.shape[1], before.w.shape[1]
        if before.group == layer.group == 1 and outputs * inputs < inner * (outputs + inputs):
            layer.b = layer.b + point(layer.w) @ before.b
            layer.w = window(point(layer.w) @ point(before.w))
            layer.source = before.source
            skip.add(before.end)

    gates = {}
    for node in net.nodes:
        layer = next((l for l in layers if node.output[0] == l.end), None)
        if node.op_type == 'GlobalAveragePool':
            x = node.input[0]
            residual = any(r.op_type == 'Add' for r in net.readers[x])
            before = made.get(x)
            linear = before is not None and not before.act and before.group == 1 and before.w.shape[2:] == (1, 1)
            value, hard = gate(node, 1.0 if residual else 0.0, before if linear else None)
            gates[hard] = value
            first = next(l for l in layers if l.source == node.output[0])
            skip |= {first.end, next(l for l in layers if l.source == first.end).end}
        elif layer is not None and not layer.transposed:
            if layer.end in skip or layer.end == 'done':
                continue
            x = out.conv(name[layer.source], layer.w, layer.b, layer.stride, layer.pad, layer.group)
            if layer.act == 'HardSwish':
                x = out.node('Mul', [x, out.node('HardSigmoid', [x], alpha=SIXTH, beta=0.5)])
                if layer.shift:
                    x = out.node('Add', [x, out.constant(layer.shift)])
            elif layer.act == 'Relu':
                x = out.node('Relu', [x])
            name[layer.end] = x
        elif node.op_type == 'Mul' and any(i in gates for i in node.input):
            x, g = sorted(node.input, key=lambda i: i in gates)
            y = out.node('Mul', [name[x], gates[g]])
            name[node.output[0]] = y
            add = net.only_reader(node.output[0], 'Add')
            if add is not None and x in add.input:
                name[add.output[0]] = y
        elif node.op_type == 'Resize':
            factors = net.value[node.input[2]]
            assert factors[0] == factors[1] == 1 and factors[2] == factors[3]
            name[node.output[0]] = out.up(name[node.input[0]], factors[3])
        elif node.op_type == 'Concat':
            name[node.output[0]] = out.node('Concat', [name[i] for i in node.input], axis=1)
        elif node.op_type == 'Add' and node.output[0] not in name and all(i in name for i in node.input):
            name[node.output[0]] = out.node('Add', [name[i] for i in node.input])

    # The two transposed convolutions: 2x2 outputs of each pixel as channels.
    first, second = [l for l in layers if l.transposed]
    assert first.act == 'Relu' and second.end == net.maker[net.output].input[0]
    inputs, middle = first.w.shape[:2]
    w = first.w.transpose(2, 3, 1, 0).reshape(4 * middle, inputs)
    x = out.node('Relu', [out.conv(name[first.source], window(w), np.tile(first.b, 4))])
    w = np.zeros((16, 4 * middle))
    for part in range(4):
        for inner in range(4):
            row, column = 2 * (part // 2) + inner // 2, 2 * (part % 2) + inner % 2
            w[4 * row + column, part * middle:][:middle] = second.w[:, 0, inner // 2, inner % 2]
    out.node('Conv', [x, out.constant(window(w)), out.constant(np.tile(second.b, 16))], 'logits', kernel_shape=[1, 1],
             strides=[1, 1], pads=[0] * 4, group=1, dilations=[1, 1])
    graph = helper.make_graph(
        out.nodes, 'text',
        [helper.make_tensor_value_info('picture', 1, [1, 3, 'height', 'width'])],
        [helper.make_tensor_value_info('logits', 1, [1, 16, 'rows', 'columns'])], out.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 12)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def page(height, width):
    """Words of many sizes on grey and noise."""
    dice = np.random.default_rng(height)
    pixels = np.full((height, width, 3), 180, np.uint8)
    for i in range(height // 32):
        size = dice.uniform(0.4, 1.6)
        at = (int(dice.uniform(0, width / 2)), 32 * i + 24)
        cv2.putText(pixels, 'AB 123 CD', at, cv2.FONT_HERSHEY_SIMPLEX, size, dice.uniform(0, 90, 3), 2)
    return np.clip(pixels + dice.normal(0, 8, pixels.shape), 0, 255).astype(np.float32).transpose(2, 0, 1)[None]


def compare(source, result):
    """The largest difference of probabilities."""
    was, now = (onnxruntime.InferenceSession(p, providers=['CPUExecutionProvider']) for p in (source, result))
    worst = 0.0
    for h, w in [(64, 96), (320, 224), (480, 640)]:
        pixels = page(h, w)
        a = was.run(None, {was.get_inputs()[0].name: (pixels - 127.5) / 127.5})[0][0, 0]
        b = now.run(None, {'picture': pixels - 127.5})[0][0].astype(np.float64)
        b = 1 / (1 + np.exp(-b.reshape(4, 4, h // 4, w // 4).transpose(2, 0, 3, 1).reshape(h, w)))
        print(f'{h}x{w}: {abs(a - b).max():.1e} off; {(a > 0.3).mean():.2f} of the pixels are writing')
        worst = max(worst, abs(a - b).max())
    return worst


if __name__ == '__main__':
    source, result = sys.argv[1:]
    onnx.save(prepare(source), result)
    if not compare(source, result) < 1e-3:
        sys.exit('the result says something else than the source')
