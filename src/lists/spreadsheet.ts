/**
 * What a spreadsheet would run: a cell that begins with `=`, `+`, `-`, `@`, a tab or their wide forms is a formula there.
 * Comments come from strangers' lists, so ours are written with an apostrophe before it, which spreadsheets take as "this
 * is text", and read without it again. An apostrophe that stood there already gets a second one, so nothing is lost.
 */
export function guarded(cell: string): string {
  return /^'*[=+\-@\t\r＝＋－＠]/.test(cell) ? `'${cell}` : cell;
}

export function unguarded(cell: string): string {
  return /^''*[=+\-@\t\r＝＋－＠]/.test(cell) ? cell.slice(1) : cell;
}
