#!/usr/bin/env bash
# Puts the page together in a folder that any web server may show. Run ../build.sh first.
#
#   bindings/js/demo/build.sh [FOLDER]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
to=${1:-site}
mkdir -p "$to"
files=(index.html style.css app.js icon.svg manifest.webmanifest
    ../index.js ../background.js ../worker.js ../faceveil.wasm)
cp "${files[@]}" "$to"
version=$(cat "${files[@]}" service-worker.js | sha256sum | cut -c 1-16)
sed "s/VERSION/$version/" service-worker.js >"$to/service-worker.js"
echo "$to"
