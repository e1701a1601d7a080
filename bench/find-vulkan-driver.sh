# For run-packed.sh: lets the GPU's Vulkan driver be found on a machine that has hardly more than that. NVIDIA's comes
# in several shapes: installed, with its manifest where Vulkan's loader looks; mounted into a container below
# /usr/local/nvidia, where it does not; or as libraries alone.

# Whether the system loads this library, and all that it needs, with the search path as it stands. Node says of one
# that it loaded that it is no module of its own.
loads() {
  "$node" -e '
    try {
      process.dlopen({ exports: {} }, process.argv[1]);
    } catch (error) {
      process.exitCode = /self-register/.test(String(error)) ? 0 : 1;
    }' "$1"
}

# find_vulkan_driver ROOT OWN: ROOT is empty, or stands before all that is looked for; OWN has our loader and manifests.
find_vulkan_driver() {
  for folder in "$1/usr/local/nvidia/lib64" "$1/usr/local/nvidia/lib"; do
    if [ -d "$folder" ]; then
      export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"
    fi
  done
  if ! loads libvulkan.so.1 && [ -e "$2/libvulkan.so.1" ]; then
    export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$2"
  fi
  if [ -n "${VK_DRIVER_FILES-}${VK_ICD_FILENAMES-}" ]; then return 0; fi

  # The first of these that is there; those of other drivers say nothing about NVIDIA's.
  manifest=
  for file in "$1"/etc/vulkan/icd.d/*nvidia*.json "$1"/usr/share/vulkan/icd.d/*nvidia*.json \
    "$1"/usr/local/share/vulkan/icd.d/*nvidia*.json "$1"/usr/local/nvidia/share/vulkan/icd.d/*nvidia*.json; do
    if [ -e "$file" ]; then
      manifest=$file
      break
    fi
  done
  # Manifests name the library that needs those of X; without X there is the same driver in another one.
  if loads libGLX_nvidia.so.0; then
    manifest=${manifest:-$2/nvidia-glx.json}
  elif loads libEGL_nvidia.so.0; then
    manifest=$2/nvidia-egl.json
  fi
  if [ -n "$manifest" ]; then
    export VK_DRIVER_FILES="$manifest" VK_ICD_FILENAMES="$manifest"
    echo "Vulkan driver: $manifest" >&2
  fi
}
