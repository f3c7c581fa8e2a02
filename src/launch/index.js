/** The door `sallyport`. */
import { moduleUrl } from './built.js';

export const { createInbox, fromEnv, SallyportError } = await import(moduleUrl('src/index'));
