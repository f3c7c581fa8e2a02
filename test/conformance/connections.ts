/** Watches every connection that this process tries to make, whoever makes it. */
import { Socket } from 'node:net';

export interface Connections extends Disposable {
  /** `address:port` of each attempt, oldest first. */
  readonly attempts: readonly string[];
  /** Attempts to anywhere but here. */
  elsewhere(...places: readonly string[]): string[];
}

export function watchConnections(): Connections {
  const attempts: string[] = [];
  const connect = Socket.prototype.connect;
  const watched = function (this: Socket, ...given: unknown[]): Socket {
    this.on('connectionAttempt', (ip: string, port: number) => void attempts.push(`${ip}:${port}`));
    return (connect as (...all: unknown[]) => Socket).apply(this, given);
  };
  Socket.prototype.connect = watched as never;
  return {
    attempts,
    elsewhere: (...places) => attempts.filter((attempt) => !places.includes(attempt)),
    [Symbol.dispose]() {
      Socket.prototype.connect = connect;
    },
  };
}

/** URLs that lead to this machine, to its network, or to nothing that is fetched: forms of our own. */
export const PRIVATE_FORMS: readonly string[] = [
  ...['http://127.0.0.1/', 'http://127.9/', 'http://0x7f.1/', 'http://2130706433/', 'http://017700000001/'],
  ...['http://0/', 'http://0.0.0.0/', 'http://localhost/', 'http://LocalHost./', 'http://a.b.localhost/'],
  ...['http://10.1.2.3/', 'http://172.31.255.255/', 'http://192.168.1.1/', 'http://169.254.1.2/x'],
  ...[
    'http://100.127.0.1/',
    'http://198.19.0.1/',
    'http://192.0.0.8/',
    'http://192.0.2.9/',
    'http://224.0.0.9/',
  ],
  ...[
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::a00:1]/',
  ],
  ...['http://[fe80::2]/', 'http://[fd12::1]/', 'http://[64:ff9b::a00:1]/', 'http://[2002:a00:1::]/'],
  ...['http://[2001:0:a00:1::]/', 'http://[2001:db8::2]/', 'http://[ff05::1]/', 'http://[3fff::1]/'],
  ...['file:///etc/hosts', 'data:application/activity+json,{}', 'ftp://a.example/', 'ws://a.example/', 'x:y'],
  ...[
    'https://u:p@a.example/',
    'https://a.example@127.0.0.1/',
    'http://１２７.０.０.１/',
    'http://127。0。0。1/',
  ],
  ...[
    'https://a.example:25/',
    'https://a.example:0/',
    'http://router/',
    'http://x.local/',
    'http://db.internal/',
  ],
  ...['http://x.onion/', 'http://x.home.arpa/', 'http://x.test/', 'http://x.invalid/', 'https://'],
];
