/** The door `sallyport`. */
import { moduleUrl } from './built.js';

export const { createInbox, drop, fromEnv, hold, reject, SallyportError, shadow } = await import(
  moduleUrl('src/index')
);
