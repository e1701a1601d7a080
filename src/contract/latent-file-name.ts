/**
 * What the `.latent` file of a picture is called: "digit.latent" for "digit.png"; where another picture differs by its
 * ending alone, "digit.jpg" for one, each keeps its own, so that none takes another's file: "digit.png.latent".
 * `picture` and `others`, without itself, are names of files.
 */
export function latentFileName(picture: string, others: readonly string[]): string {
  const isAlone = others.every((other) => sameFileStem(other) !== sameFileStem(picture));
  return `${isAlone ? stemOf(picture) : picture}.latent`;
}

/** The same for names whose `.latent` files some file system takes for one: "Digit.latent" for "digit.latent". */
export function sameFileStem(name: string): string {
  return stemOf(name).normalize().toLowerCase();
}

function stemOf(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, "");
}
