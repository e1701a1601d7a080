#!/bin/sh
# Runs the GPU's benchmark out of its unpacked archive, from any folder: ./run.sh [gpu] [options]; ./run.sh --help
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
if [ "${1-}" = gpu ]; then shift; fi
export LATENT_LAB_DATA="${LATENT_LAB_DATA:-$here/mnist}"
node="$here/node/node"
. "$here/vulkan/find-driver.sh"
find_vulkan_driver "" "$here/vulkan"
exec "$node" "$here/bench/gpu.js" "$@"
