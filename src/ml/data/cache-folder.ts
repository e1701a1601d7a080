/** Where this user's caches live on this platform. Names the folder; creates nothing. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Linux and others: `$XDG_CACHE_HOME/latent-lab`, else `~/.cache/latent-lab` (XDG Base Directory specification, which
 * also says that a relative value is to be ignored). macOS: `~/Library/Caches/latent-lab`.
 * Windows: `%LOCALAPPDATA%\latent-lab\Cache`.
 */
export function cacheFolder(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = environment.HOME || homedir();
  if (platform === "darwin") return join(home, "Library", "Caches", "latent-lab");
  if (platform === "win32")
    return join(environment.LOCALAPPDATA || join(homedir(), "AppData", "Local"), "latent-lab", "Cache");
  const xdg = environment.XDG_CACHE_HOME ?? "";
  return join(isAbsolute(xdg) ? xdg : join(home, ".cache"), "latent-lab");
}
