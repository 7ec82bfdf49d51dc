#!/bin/sh
# Brings the ONNX Runtime library to where faceveil looks for it.
#
#   scripts/get-onnxruntime.sh [FOLDER]
#
# Takes the official Python package `onnxruntime` with pip, from the package index that pip is set up
# for, at the version below, and refuses it unless its sha256 is the one below. Keeps the library and
# its licences, nothing else. Prints the path of the library on stdout, the rest on stderr.
# Needs python3 with pip. Running it again when all is there downloads nothing.
set -eu

VERSION=1.32.0

fail() {
    echo "get-onnxruntime: $*" >&2
    exit 1
}

# One wheel for each platform, whatever Python is here: only the library inside is used. The oldest
# system that a wheel runs on is in its tag (glibc 2.28, macOS 14).
case "$(uname -s)-$(uname -m)" in
Linux-x86_64)
    tag=manylinux_2_28_x86_64
    sum=99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8
    ;;
Linux-aarch64 | Linux-arm64)
    tag=manylinux_2_28_aarch64
    sum=e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054
    ;;
Darwin-arm64)
    tag=macosx_14_0_arm64
    sum=d52510bbbcc880c13b826f7d75cdf33ac5cf0bb864d960000fc29ce73f0cb83e
    ;;
MINGW*-x86_64 | MSYS*-x86_64 | CYGWIN*-x86_64)
    tag=win_amd64
    sum=efe7456952c243a05a53d5b8732953625144642c2f3989094277f6217f0c0c40
    ;;
MINGW*-aarch64 | MSYS*-aarch64 | MINGW*-arm64 | MSYS*-arm64)
    tag=win_arm64
    sum=64d394c69d561af3efd4d4f49dcac8f11d0ce135a20701c16d53b74056cd4cf8
    ;;
*)
    fail "no official ONNX Runtime $VERSION for $(uname -s) on $(uname -m);" \
        "build it, then name the library with --onnxruntime, or use the built-in engine"
    ;;
esac

# The user's data folder: the same rule as data_folder in crates/engine/src/onnxruntime/library.rs.
case "$tag" in
macosx*) library=libonnxruntime.dylib folder="${HOME:-}/Library/Application Support" ;;
win*) library=onnxruntime.dll folder=${LOCALAPPDATA:-} ;;
*)
    library=libonnxruntime.so folder=${XDG_DATA_HOME:-}
    case "$folder" in /*) ;; *) folder=${HOME:-}/.local/share ;; esac
    ;;
esac
if [ $# -gt 1 ]; then
    fail "one folder at most, not $# (usage: get-onnxruntime.sh [FOLDER])"
elif [ $# -eq 1 ]; then
    case "$1" in
    '' | -*) fail "usage: get-onnxruntime.sh [FOLDER]" ;;
    esac
    folder=$1
else
    [ -n "$folder" ] && [ "$folder" != /.local/share ] ||
        fail "there is no home folder; name a folder: get-onnxruntime.sh FOLDER"
    folder=$folder/faceveil/onnxruntime
fi

stamp="$VERSION $sum"
if [ -s "$folder/$library" ] && [ "$(cat "$folder/VERSION" 2>/dev/null)" = "$stamp" ]; then
    echo "get-onnxruntime: ONNX Runtime $VERSION is there already" >&2
    printf '%s\n' "$folder/$library"
    exit 0
fi

# Windows has `python` and a `python3` that only opens a shop.
python=
for name in python3 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1; then
        python=$name
        break
    fi
done
[ -n "$python" ] || fail "python3 is needed and was not found"
"$python" -m pip --version >/dev/null 2>&1 ||
    fail "pip is needed and was not found (on Debian and Ubuntu: apt-get install python3-pip)"

mkdir -p "$folder" || fail "cannot make the folder $folder"
work=$(mktemp -d "$folder/.get.XXXXXX") || fail "cannot write into $folder"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "get-onnxruntime: taking onnxruntime $VERSION for $tag" >&2
"$python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps --only-binary=:all: \
    --python-version 3.12 --implementation cp --abi cp312 --platform "$tag" \
    --dest "$work" "onnxruntime==$VERSION" >&2 ||
    fail "pip could not download onnxruntime $VERSION for $tag; see its message above"

"$python" - "$work" "$sum" "$library" <<'PYTHON' || fail "nothing was installed"
import hashlib, pathlib, shutil, sys, zipfile

work, expected, library = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
wheels = list(work.glob("*.whl"))
if len(wheels) != 1:
    sys.exit(f"get-onnxruntime: expected one wheel, pip left {len(wheels)}")
found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
if found != expected:
    sys.exit(f"get-onnxruntime: {wheels[0].name} has sha256 {found}, expected {expected}")
stem, suffix = library.split(".")
out = work / "out"
out.mkdir()
with zipfile.ZipFile(wheels[0]) as wheel:
    for name in wheel.namelist():
        path = pathlib.PurePosixPath(name)
        if path.parent.name == "capi" and path.name.startswith(stem + ".") and "." + suffix in path.suffixes:
            target = library
        elif str(path.parent) == "onnxruntime" and path.name in ("LICENSE", "ThirdPartyNotices.txt"):
            target = path.name
        else:
            continue
        with wheel.open(name) as source, open(out / target, "wb") as copy:
            shutil.copyfileobj(source, copy)
for name in (library, "LICENSE"):
    if not (out / name).is_file():
        sys.exit(f"get-onnxruntime: {wheels[0].name} holds no {name}")
PYTHON

# The stamp goes first and comes back last, so that a cut leaves no half that looks whole.
rm -f "$folder/VERSION"
mv -f "$work/out/"* "$folder/"
printf '%s\n' "$stamp" >"$folder/VERSION"
printf '%s\n' "$folder/$library"
