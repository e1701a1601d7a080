/** Which machine native code is for, from its first bytes: ELF, PE or Mach-O. */

const processors: Readonly<Record<number, string>> = {
  62: "x64",
  183: "arm64",
  34404: "x64",
  43620: "arm64",
  16777223: "x64",
  16777228: "arm64",
};

/** As in "linux-x64"; "darwin-universal" for a file with code for several; "" for what is no native code. */
export function machineOf(bytes: Buffer): string {
  const magic = bytes.readUInt32BE(0);
  if (magic === 0x7f_45_4c_46) return `linux-${processors[bytes.readUInt16LE(18)]}`;
  if (magic === 0xcf_fa_ed_fe) return `darwin-${processors[bytes.readUInt32LE(4)]}`;
  if (magic === 0xca_fe_ba_be) return "darwin-universal";
  if (magic >>> 16 === 0x4d_5a)
    return `win32-${processors[bytes.readUInt16LE(bytes.readUInt32LE(0x3c) + 4)]}`;
  return "";
}
