import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a service and its Redis, counts trips, and lets no more of them through than are allowed. */
export interface TripProxy extends AsyncDisposable {
  readonly port: number;
  /** Trips since {@link allow}: what is sent until an answer has come is one. */
  readonly trips: number;
  /** Counts anew; what is sent in further trips is held back. */
  allow(trips: number): void;
  /** Lets everything through again, and gives what was held back. */
  release(): string;
}

/** Longer than it takes to write all that is sent at once, so that no answer comes in between. */
const ANSWER_AFTER_MS = 30;

/** @param port of the Redis */
export async function openTripProxy(port: number): Promise<TripProxy> {
  const sockets = new Set<Socket>();
  let trips = 0;
  let allowed = Number.POSITIVE_INFINITY;
  let isAnswered = true;
  const held: { readonly piece: Buffer; readonly to: Socket }[] = [];

  const server = createServer((client) => {
    const peer = connect(port, '127.0.0.1');
    let isListener = false;
    client.on('data', (piece) => {
      isListener ||= /subscribe/i.test(piece.toString('latin1'));
      if (isListener) return void peer.write(piece);
      if (isAnswered) trips += 1;
      isAnswered = false;
      if (trips > allowed) held.push({ piece, to: peer });
      else peer.write(piece);
    });
    const answers: Buffer[] = [];
    peer.on('data', (piece) => {
      answers.push(piece);
      setTimeout(() => {
        isAnswered ||= !isListener;
        client.write(answers.shift() ?? '');
      }, ANSWER_AFTER_MS);
    });
    for (const [one, other] of [
      [client, peer],
      [peer, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get trips() {
      return trips;
    },
    allow(most) {
      trips = 0;
      allowed = most;
      isAnswered = true;
    },
    release() {
      allowed = Number.POSITIVE_INFINITY;
      const text = held.map(({ piece }) => piece.toString('latin1')).join('');
      for (const { piece, to } of held.splice(0)) to.write(piece);
      return text;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
