/** An ended activity as handlers and filters get it. */
export { emptyShelf, type Shelf, viewOf } from '../references/view.ts';
