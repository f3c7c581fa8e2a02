/** The rest of the Fediverse, as the tests see it: domains with actors that sign for real. */
export * from './activities.ts';
export { bytesOf, get, post, type Reply, type Sendable, type SendOptions, send } from './post.ts';
export { type Read, readDelivery } from './reader.ts';
export { type Delivered, type RemoteActor, type RemoteDomain, remoteDomain } from './remote-domain.ts';
export { rsaKey, type Signer, type SigningOptions, signedHeaders } from './signer.ts';
