#!/bin/sh
# Runs the GPU's benchmark out of its unpacked archive, from any folder: ./run.sh [gpu] [options]; ./run.sh --help
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
if [ "${1-}" = gpu ]; then shift; fi
export LATENT_LAB_DATA="${LATENT_LAB_DATA:-$here/mnist}"

# The library that finds Vulkan drivers, where the system has none.
has_loader() {
  for folder in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /lib/x86_64-linux-gnu /lib64; do
    if [ -e "$folder/libvulkan.so.1" ]; then return 0; fi
  done
  return 1
}
if ! has_loader && [ -e "$here/vulkan-loader/libvulkan.so.1" ]; then
  export LD_LIBRARY_PATH="$here/vulkan-loader${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

# NVIDIA's driver, mounted into a container, where no loader looks.
mounted=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
installed=$(ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json 2>/dev/null || true)
if [ -z "${VK_DRIVER_FILES-}${VK_ICD_FILENAMES-}$installed" ] && [ -e "$mounted" ]; then
  export VK_DRIVER_FILES="$mounted" VK_ICD_FILENAMES="$mounted"
fi

exec "$here/node/node" "$here/bench/gpu.js" "$@"
