#!/usr/bin/env bash
# Builds the wheels that go to PyPI, of the module and of the command: manylinux_2_17 for x86-64 and
# aarch64, linked by zig. Fails if the module has more than 13 MB or the command more than 16, and
# shows what auditwheel makes of them.
#
#   bindings/python/wheels.sh FOLDER [TARGET...]
#
# Needs Rust with rustup, and Python 3.11 or newer with pip; maturin, zig and auditwheel come from
# PyPI.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
out=$(realpath -m -- "${1:?a folder for the wheels}")
shift
[ $# -gt 0 ] || set -- x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu
tools=$(mktemp -d)
trap 'rm -rf -- "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" --quiet install 'maturin>=1.16,<2' ziglang auditwheel
export PATH=$tools/bin:$PATH
# Smaller and slow to build: only for what is shipped.
export CARGO_PROFILE_RELEASE_LTO=thin CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
for target in "$@"; do
    rustup target list --installed | grep -qx "$target" || rustup target add "$target"
    for package in . cli; do
        (cd -- "$package" && maturin build --release --locked --zig --compatibility manylinux_2_17 \
            --target "$target" --out "$out")
    done
done
for wheel in "$out"/*.whl; do
    bytes=$(stat -c %s -- "$wheel")
    echo "$(basename -- "$wheel"): $bytes bytes"
    most=13000000
    [[ $(basename -- "$wheel") != faceveil_cli-* ]] || most=16000000
    [ "$bytes" -le "$most" ] || { echo "more than $most bytes" >&2; exit 1; }
    auditwheel show "$wheel"
done
