#!/usr/bin/env bash
# Builds the module of the npm package, faceveil.wasm, and puts what the package needs beside it.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
# The functions and the memory in it are all that a host may reach. simd128 is in every browser and Node
# since 2021-2023.
RUSTFLAGS="-C target-feature=+simd128" cargo build --lib --manifest-path ../c/Cargo.toml \
    --target wasm32-unknown-unknown --no-default-features --features heic,jxl --profile wasm
cp "${CARGO_TARGET_DIR:-../../target}/wasm32-unknown-unknown/wasm/faceveil.wasm" faceveil.wasm
cp ../../LICENSE-APACHE ../../LICENSE-MIT .
cp ../../models/README.md MODELS.md
# Notices of the crates in it: those of the command, which has a few more.
python3 ../../scripts/third_party.py >THIRD-PARTY.md
