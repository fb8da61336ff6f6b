# Sourced by `./demo` and `./test`: installs what building needs and is missing.
# Keeps what is built outside the clone, so that the next clone is quick.

cache=${SLUICE_DEV_CACHE:-$HOME/.cache/sluice-dev}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export PATH=$PATH:$HOME/.cargo/bin:/usr/local/go/bin
mkdir -p "$cache"

# debian PROGRAM PACKAGE: installs the package if the program is not there.
debian() {
  command -v "$1" >/dev/null && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null \
    || { echo "\`$1\` is missing, and only root can install it (Debian's package $2)" >&2; return 1; }
  { [ -n "${apt_updated:-}" ] || apt-get update -qq; } && apt_updated=1 \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
}

# The pinned compiler with its WebAssembly target.
rust() {
  command -v rustup >/dev/null \
    || { echo "\`rustup\` is missing; see https://rustup.rs" >&2; return 1; }
  local channel
  channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  rustup toolchain list | grep -q "^$channel" \
    || rustup toolchain install --profile minimal -c rustfmt -c clippy "$channel" || return 1
  rustup target list --installed --toolchain "$channel" | grep -qx wasm32-wasip2 \
    || rustup target add --toolchain "$channel" wasm32-wasip2
}
