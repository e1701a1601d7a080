/** Whether less motion is asked for: by the system, or by VS Code, whose setting need not be the system's. See base.css. */

export function isMotionReduced(): boolean {
  return (
    document.body.classList.contains("vscode-reduce-motion") ||
    matchMedia("(prefers-reduced-motion: reduce)").matches
  );
}
