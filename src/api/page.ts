/** Lists by pages: the shapes. Types only. */

/** One page of a list; `next` is the cursor of the following page, null at the end. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next: string | null;
}
/** Which page of a list. */
export interface PageQuery {
  /** @default 50, at most 200 */
  readonly limit?: number | undefined;
  /** The `next` of the page before. @default the first page */
  readonly cursor?: string | undefined;
}
