"""Which labelled pictures stay out of every fit, and how labels are read. Used by the other scripts."""
import hashlib, os

KEPT_OUT = 5  # one in so many


def is_kept_out(name):
    """Decided by the picture's file name without folder and ending, so that it never changes."""
    stem = os.path.splitext(os.path.basename(name))[0]
    return int(hashlib.sha256(stem.encode()).hexdigest()[:8], 16) % KEPT_OUT == 0


def read_labels(path):
    """The labels of WIDER FACE: per picture a list of x, y, width, height and six attributes."""
    boxes, lines, i = {}, open(path).read().splitlines(), 0
    while i < len(lines):
        name, n = lines[i].strip(), int(lines[i + 1])
        rows = [list(map(int, line.split()[:10])) for line in lines[i + 2 : i + 2 + max(n, 1)]]
        i += 2 + max(n, 1)
        boxes[name] = [r for r in rows if r[2] > 0 and r[3] > 0] if n else []
    return boxes
