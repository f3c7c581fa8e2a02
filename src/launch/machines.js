/** The door `sallyport/machines`. */
import { moduleUrl } from './built.js';

export const {
  chart,
  DOMAIN_VERSION,
  domainMachine,
  FOLLOW_REQUEST_VERSION,
  followRequestMachine,
  SnapshotError,
  step,
} = await import(moduleUrl('machines/index'));
