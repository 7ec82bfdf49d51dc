#!/usr/bin/env bash
# Builds libfaceveil and installs library, header and pkg-config file, on Linux.
#
#   bindings/c/install.sh [PREFIX]      PREFIX is /usr/local unless given
#
# DESTDIR goes before PREFIX, for packages. FACEVEIL_LIBRARIES names a folder with libfaceveil.so and
# libfaceveil.a that were built already.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
prefix=${1:-/usr/local}
case $prefix in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/Cargo.toml" | head -n 1)
major=${version%%.*}

libraries=${FACEVEIL_LIBRARIES:-}
if [ -z "$libraries" ]; then
    cargo build --release --lib --manifest-path "$here/Cargo.toml"
    libraries=${CARGO_TARGET_DIR:-$here/../../target}/release
fi

to=${DESTDIR:-}$prefix
install -d "$to/lib/pkgconfig" "$to/include"
install -m 755 "$libraries/libfaceveil.so" "$to/lib/libfaceveil.so.$version"
ln -sf "libfaceveil.so.$version" "$to/lib/libfaceveil.so.$major"
ln -sf "libfaceveil.so.$major" "$to/lib/libfaceveil.so"
install -m 644 "$here/include/faceveil.h" "$to/include/faceveil.h"
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" "$here/faceveil.pc.in" \
    >"$to/lib/pkgconfig/faceveil.pc"

# The AV1 decoder defines the functions of dav1d under their names. In a static library they would
# clash with a real libdav1d, so they are renamed.
install -m 644 "$libraries/libfaceveil.a" "$to/lib/libfaceveil.a"
names=$(mktemp)
trap 'rm -f "$names"' EXIT
nm --defined-only --extern-only "$to/lib/libfaceveil.a" 2>/dev/null |
    awk 'NF == 3 && $3 ~ /^dav1d_/ { print $3, "faceveil_internal_" $3 }' | sort -u >"$names"
objcopy --redefine-syms="$names" "$to/lib/libfaceveil.a"
echo "libfaceveil $version is in $to" >&2
