/**
 * What the `.latent` file of a picture is called: "digit.latent" for "digit.png"; where another picture differs by its
 * ending alone, "digit.jpg" for one, each keeps its own, so that none takes another's file: "digit.png.latent".
 * `picture` and `others`, without itself, are names of files.
 */
export function latentFileName(picture: string, others: readonly string[]): string {
  const isAlone = others.every((other) => comparableStem(other) !== comparableStem(picture));
  return `${isAlone ? stemOf(picture) : picture}.latent`;
}

/** A file's name without its ending, the same for names that some file system takes for one: "Digit" for "digit". */
export function comparableStem(name: string): string {
  return stemOf(name).normalize().toLowerCase();
}

function stemOf(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, "");
}
