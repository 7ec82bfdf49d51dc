#!/usr/bin/env python3
"""Stores the weights of a network as 16-bit floats: half the bytes, the same arithmetic.

    scripts/half_weights.py SOURCE.onnx NEW.onnx
    scripts/half_weights.py --widen SOURCE.onnx NEW.onnx    # the way back, for scripts that train

Each large constant becomes a 16-bit one and a `Cast` to 32 bits, so that every reader of ONNX still
computes with 32-bit floats. A weight changes by at most 1 part in 2,048. Small constants (biases,
shapes) stay as they are. Needs the Python packages onnx and numpy.
"""

import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

# Constants of fewer numbers are not worth a node.
LEAST = 256


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    casts = []
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if constant.data_type != TensorProto.FLOAT or values.size < LEAST:
            continue
        half = values.astype(numpy.float16)
        if not numpy.isfinite(half).all():
            sys.exit(f"{constant.name} holds a number beyond the range of 16-bit floats")
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    # Nodes are in the order in which they run.
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    nodes = []
    for node in graph.node:
        constant = constants.get(node.input[0]) if node.op_type == "Cast" else None
        if constant is None or constant.data_type != TensorProto.FLOAT16:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(constant).astype(numpy.float32)
        constant.CopyFrom(numpy_helper.from_array(values, node.output[0]))
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    *way, source, new = sys.argv[1:] if len(sys.argv) > 2 else sys.exit(__doc__)
    change = {(): halved, ("--widen",): widened}.get(tuple(way)) or sys.exit(__doc__)
    onnx.save(change(onnx.load(source)), new)


if __name__ == "__main__":
    main()
