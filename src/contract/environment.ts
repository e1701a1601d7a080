/** Environment variables by which the extension tells the command line tool how it is run. */

/** "1": the process shall end when the pipe that is its standard input does, as it would by Ctrl-C. */
export const endsWithStdin = "LATENT_LAB_ENDS_WITH_STDIN";
