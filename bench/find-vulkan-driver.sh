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

# serves DAWN MANIFEST: whether there is a GPU by that manifest. Some name a library that is loaded, and then refuses:
# the one that needs those of X and GLX does so without them. One that hangs serves none.
serves() {
  VK_DRIVER_FILES="$2" VK_ICD_FILENAMES="$2" "$node" -e '
    setTimeout(() => process.exit(1), 20000);
    import(require("node:url").pathToFileURL(process.argv[1]))
      .then(({ create }) => create([]).requestAdapter())
      .then((adapter) => process.exit(adapter === null ? 1 : 0), () => process.exit(1));' "$1" "$2" 2>/dev/null
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

  # The first of these that serves; those of other drivers say nothing about NVIDIA's.
  for file in "$1"/etc/vulkan/icd.d/*nvidia*.json "$1"/usr/share/vulkan/icd.d/*nvidia*.json \
    "$1"/usr/local/share/vulkan/icd.d/*nvidia*.json "$1"/usr/local/nvidia/share/vulkan/icd.d/*nvidia*.json \
    "$2/nvidia-egl.json" "$2/nvidia-glx.json"; do
    if [ -e "$file" ] && serves "$2/../node_modules/webgpu/index.js" "$file"; then
      export VK_DRIVER_FILES="$file" VK_ICD_FILENAMES="$file"
      echo "Vulkan driver: $file" >&2
      return 0
    fi
  done
}
