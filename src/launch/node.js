/** The door `sallyport/node`. */
import { moduleUrl } from './built.js';

export const { shutdownOn, toNodeHandler } = await import(moduleUrl('src/web/node'));
