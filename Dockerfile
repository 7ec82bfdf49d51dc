# A static binary that runs as a user without rights, in an image that holds nothing else.
# ONNX Runtime cannot be loaded into a static binary, so that feature is off.
#
#   docker build -t faceveil .
#   docker run --rm -p 127.0.0.1:8080:8080 -e FACEVEIL_TOKEN faceveil serve --bind 0.0.0.0:8080
#   docker run --rm --network none --user "$(id -u):$(id -g)" -v "$PWD:/data" faceveil blur photos -o safe
FROM rust:alpine AS build
RUN apk add --no-cache musl-dev python3
WORKDIR /src
COPY . .
# The toolchain of the image, whatever rust-toolchain.toml says.
RUN rm -f rust-toolchain.toml && \
    cargo build --release --locked --no-default-features \
        --features cli,serve,bundled-models,text,video,heic,avif-write,jxl && \
    python3 scripts/third_party.py > THIRD-PARTY.md

FROM scratch
COPY --from=build /src/target/release/faceveil /faceveil
COPY --from=build /src/LICENSE-APACHE /src/LICENSE-MIT /src/THIRD-PARTY.md /
USER 65534:65534
WORKDIR /data
ENTRYPOINT ["/faceveil"]
CMD ["--help"]
