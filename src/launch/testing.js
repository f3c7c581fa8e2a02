/** The door `sallyport/testing`. */
import { moduleUrl } from './built.js';

export const { createTestInbox, fixtures, matchers } = await import(moduleUrl('src/testing'));
