import { lookup } from 'node:dns/promises';
import { parseClientAddress } from '../../login/client-address.ts';

/** Looks a name up. @throws where it has no address */
export type LookUpName = (name: string) => Promise<string>;

export interface HostAddressesParts {
  readonly lookUp: LookUpName;
  /** Longest time that anybody waits for an address. */
  readonly deadlineMs: number;
  /** Time for which an address serves without being looked up again. */
  readonly lifetimeMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface Known {
  readonly address: string;
  readonly untilMs: number;
}

const MAX_NAMES = 1024;
const MAX_UNDER_WAY = 16;

/** How the system looks names up, /etc/hosts included. */
export const systemLookUp: LookUpName = async (name) => (await lookup(name)).address;

/** Addresses of hosts. A name that cannot be looked up now keeps the address it had. */
export class HostAddresses {
  readonly #parts: HostAddressesParts;
  readonly #known = new Map<string, Known>();
  readonly #underWay = new Map<string, Promise<string | undefined>>();

  constructor(parts: HostAddressesParts) {
    this.#parts = parts;
  }

  /** The address of a host given by name or address, at once where it is known; `undefined` where none can be had in time. */
  addressOf(host: string): string | undefined | Promise<string | undefined> {
    const literal = parseClientAddress(host);
    if (literal !== undefined) return literal;
    const name = host.toLowerCase();
    const known = this.#known.get(name);
    if (known !== undefined && known.untilMs > this.#parts.now()) return known.address;
    return this.#lookUp(name, known);
  }

  #lookUp(name: string, known: Known | undefined): Promise<string | undefined> | string | undefined {
    const underWay = this.#underWay.get(name);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= MAX_UNDER_WAY) return known?.address;
    // A look-up cannot be ended: it keeps its place until it has answered.
    const looked = this.#parts
      .lookUp(name)
      .then((address) => this.#keep(name, parseClientAddress(address)))
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(name));
    const inTime = within(this.#parts.deadlineMs, looked).then((address) => address ?? known?.address);
    this.#underWay.set(name, inTime);
    return inTime;
  }

  #keep(name: string, address: string | undefined): string | undefined {
    if (address === undefined) return undefined;
    this.#known.delete(name);
    if (this.#known.size >= MAX_NAMES)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    this.#known.set(name, { address, untilMs: this.#parts.now() + this.#parts.lifetimeMs });
    return address;
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
