#!/usr/bin/env bash
# Checks the C library as a user has it: installed, its examples compiled as C and as C++, run, held
# against the command, and watched by sanitizers and valgrind.
#
#   bindings/c/check.sh FOLDER     with libfaceveil.so, libfaceveil.a and faceveil, built by
#                                  cargo build -p faceveil -p faceveil-c, or both of a workspace
set -euo pipefail
libraries=$(cd -- "$1" && pwd)
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
samples=../../samples

FACEVEIL_LIBRARIES=$libraries ./install.sh "$prefix"
export LD_LIBRARY_PATH=$prefix/lib
flags=(-Wall -Wextra -Werror -pedantic "-I$prefix/include")
shared=("-L$prefix/lib" -lfaceveil)
read -ra static < <(sed -n 's/^Libs.private://p' "$prefix/lib/pkgconfig/faceveil.pc")
static=("$prefix/lib/libfaceveil.a" "${static[@]}")

other=$(nm -D --defined-only "$prefix/lib/libfaceveil.so" | awk '$3 !~ /^faceveil_/ { print $3 }')
[ -z "$other" ] || {
    echo "the library exports more than its own functions: $other" >&2
    exit 1
}
objdump -p "$prefix/lib/libfaceveil.so" | grep -q 'SONAME *libfaceveil\.so\.[0-9]*$'

for example in photo camera video; do
    gcc -std=c99 "${flags[@]}" "examples/$example.c" -o "$work/$example" "${shared[@]}"
    g++ -x c++ "${flags[@]}" -fsyntax-only "examples/$example.c"
done
gcc -std=c99 "${flags[@]}" examples/photo.c -o "$work/photo-static" "${static[@]}"

# The same bytes as the command.
for sample in astronaut.jpg coffee.png; do
    "$libraries/faceveil" blur --quiet "$samples/$sample" -o "$work/command-$sample"
    for photo in photo photo-static; do
        "$work/$photo" "$samples/$sample" "$work/$photo-$sample"
        cmp "$work/command-$sample" "$work/$photo-$sample"
    done
done

if ffmpeg -version >/dev/null 2>&1; then
    ffmpeg -loglevel error -loop 1 -t 0.5 -r 10 -i "$samples/astronaut.jpg" -pix_fmt yuv420p \
        -c:v libx264 "$work/in.mp4"
    "$libraries/faceveil" blur --quiet "$work/in.mp4" -o "$work/command.mp4"
    "$work/video" "$work/in.mp4" "$work/out.mp4" >/dev/null 2>"$work/progress"
    grep -q "5 of 5 frames" "$work/progress"
    cmp "$work/command.mp4" "$work/out.mp4"
    ffmpeg -loglevel error -i "$work/in.mp4" -pix_fmt rgb24 -f rawvideo "$work/in.rgb"
    "$work/camera" 512 512 10 <"$work/in.rgb" >"$work/out.rgb"
    [ "$(stat -c %s "$work/in.rgb")" = "$(stat -c %s "$work/out.rgb")" ]
    ! cmp -s "$work/in.rgb" "$work/out.rgb"
else
    echo "skipped: videos, since ffmpeg is not installed"
fi

# Wrong arguments, every order of pixels, threads.
gcc -std=c99 "${flags[@]}" -g -pthread tests/border.c -o "$work/border" "${shared[@]}"
g++ -x c++ "${flags[@]}" -fsyntax-only tests/border.c
"$work/border" "$samples/astronaut.jpg"
if gcc -std=c99 "${flags[@]}" -g -pthread -fsanitize=address,undefined -fno-sanitize-recover=all \
    tests/border.c -o "$work/border-sanitized" "${shared[@]}" 2>"$work/log"; then
    "$work/border-sanitized" "$samples/astronaut.jpg"
else
    echo "skipped: sanitizers ($(head -n 1 "$work/log"))"
fi
if command -v valgrind >/dev/null; then
    valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible \
        "$work/border" small
else
    echo "skipped: valgrind is not installed"
fi
