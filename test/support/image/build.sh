#!/bin/bash
# Makes the test image unless it is there, and prints its name: build.sh ENGINE, that is docker or podman.
# The name holds a hash of these sources. The root file system is an image of its own: what is copied into it changes more often.
set -euo pipefail
cd "$(dirname "$0")"

engine=$1

hash_of() {
  find "$@" -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum | cut -c 1-12
}
base=localhost/nextstrain-test-base:$(hash_of base.sh)
image=localhost/nextstrain-test:$(hash_of base.sh Containerfile root)

is_there() {
  "$engine" image inspect "$1" >/dev/null 2>&1
}

make_base() {
  scratch=$(mktemp --directory --tmpdir nextstrain-image-XXXXXX)
  trap 'rm -rf "$scratch"' EXIT
  mkdir "$scratch/root"
  chmod 755 "$scratch" "$scratch/root"
  ./base.sh "$scratch/root"
  tar --numeric-owner -C "$scratch/root" -c . | "$engine" import - "$base"
}

# What builds it says goes to standard error; two that come at once build it once.
is_there "$image" || {
  flock 9
  is_there "$base" || make_base
  is_there "$image" || "$engine" build --build-arg "BASE=$base" --tag "$image" --file Containerfile .
} 9>"${TMPDIR:-/tmp}/nextstrain-test-image.lock" >&2

echo "$image"
