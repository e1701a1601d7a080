/** Whether the system's own search finds a shared library, with all that it needs in turn. */
export function isLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name);
    return true;
  } catch (error) {
    // What was loaded is no module of Node's, which is another error than that of one that is not there.
    return /self-register/.test(String(error));
  }
}
