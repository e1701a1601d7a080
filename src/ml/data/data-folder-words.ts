/** How the folder of a dataset is named, for hints: on a command line, and in an editor that writes one. */
export const byDataFolder =
  "--data DIR (in VS Code: the setting latentLab.dataFolder, of this machine or of the workspace)";
