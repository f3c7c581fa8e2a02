/** The long form: SALLYPORT_SOAK_DOCUMENTS (100 000) documents, from SALLYPORT_TEST_SEED or the time. */
import { compare } from './agreement.ts';

const documents = Number(process.env.SALLYPORT_SOAK_DOCUMENTS ?? 100_000);
const seed = Number(process.env.SALLYPORT_TEST_SEED ?? Date.now() % 0x7fff_ffff);
console.info(`walker: comparing ${documents} documents with jsonld, seed ${seed}`);
const { ordinary, odd, oddTaken } = await compare(documents, seed);
console.info(
  `walker: no difference; took all of ${ordinary} ordinary documents and ${oddTaken} of ${odd} odd ones`,
);
