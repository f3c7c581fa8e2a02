/** The users of a service that was there before Sallyport: made at run time, with ids and RSA keys of their own. */
import { rsaKey } from '../fediverse/index.ts';

export interface Account {
  /** The service's own id. */
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly keys: { readonly publicKeyPem: string; readonly privateKeyPem: string };
}

/** A table of users, asked as one asks a database. */
export interface Accounts {
  add(handle: string, name: string): Promise<Account>;
  byId(id: string): Promise<Account | null>;
  byHandle(handle: string): Promise<Account | null>;
}

export function createAccounts(): Accounts {
  const accounts: Account[] = [];
  const find = async (fits: (account: Account) => boolean): Promise<Account | null> =>
    accounts.find(fits) ?? null;
  return {
    async add(handle, name) {
      const { publicKeyPem, privateKeyPem } = await rsaKey();
      const account = {
        id: `u${1_000 + accounts.length}`,
        handle,
        name,
        keys: { publicKeyPem, privateKeyPem },
      };
      accounts.push(account);
      return account;
    },
    byId: (id) => find((account) => account.id === id),
    byHandle: (handle) => find((account) => account.handle === handle),
  };
}
