/** A path as the user's shell takes it in a command that is printed to be copied, whatever is in it. */
export function shellWord(path: string): string {
  if (process.platform === "win32") return /^[\w@+=:,./\\-]+$/.test(path) ? path : `"${path}"`;
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
