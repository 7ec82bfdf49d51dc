"""Writes golden.txt with ONNX Runtime: a few numbers of every output, and the mean of their sizes.

Run here, with the Python packages numpy and onnxruntime: python3 golden.py > golden.txt
"""
import numpy as np
import onnxruntime

H, W = 64, 96
i = np.arange(3 * H * W, dtype=np.int64)
# The same integers as `tests::picture`.
picture = ((i * 7919 + (i // W) * 31 + i // 7) % 251).astype(np.float32).reshape(1, 3, H, W)
print(f"# onnxruntime {onnxruntime.__version__}; model, output, length, mean of sizes, index:value...")
for model in ["centerface", "yunet_2023mar", "retinaface_mnet025", "text_ppocrv4"]:
    session = onnxruntime.InferenceSession(f"../../../../../models/{model}.onnx")
    values = session.run(None, {session.get_inputs()[0].name: picture})
    for output, value in zip(session.get_outputs(), values):
        v = value.reshape(-1)
        places = sorted({k * (len(v) - 1) // 7 for k in range(8)})
        some = " ".join(f"{k}:{v[k]:.7g}" for k in places)
        print(model, output.name, len(v), f"{np.abs(v.astype(np.float64)).mean():.8g}", some)
