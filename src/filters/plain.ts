const CHARACTERS_MAX = 500;

/** A text that every database can store, cut. */
export function plain(text: string, charactersMax = CHARACTERS_MAX): string {
  return text.slice(0, charactersMax).toWellFormed().replaceAll('\u0000', '');
}
