import type { DirectoryServer } from './directory-server.ts';

const LOOK_EVERY_MS = 250;

/** The servers of one backend. All hold the same accounts; the least busy of those that are well is asked. */
export class ServerSet implements Disposable {
  readonly servers: readonly DirectoryServer[];
  readonly #upkeep: NodeJS.Timeout;
  #turn = 0;

  constructor(servers: readonly DirectoryServer[]) {
    this.servers = servers;
    this.#upkeep = setInterval(() => {
      for (const server of servers) server.look();
    }, LOOK_EVERY_MS).unref();
  }

  /** Tries all servers out; is fulfilled once it is known of each whether it can be asked. */
  async open(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.tryOut()));
  }

  /** Whether any server can be asked. */
  get isUsable(): boolean {
    return this.servers.some((server) => server.isAskable);
  }

  /**
   * The server to ask: one that is up before one that is suspected, the least busy of these, in turn where none is busy.
   * `undefined` where none but those passed over can be asked.
   */
  pick(passedOver: readonly DirectoryServer[] = []): DirectoryServer | undefined {
    const { servers } = this;
    this.#turn = (this.#turn + 1) % servers.length;
    let best: DirectoryServer | undefined;
    for (let i = 0; i < servers.length; i += 1) {
      const server = servers[(i + this.#turn) % servers.length] as DirectoryServer;
      if (server.isAskable && !passedOver.includes(server) && (best === undefined || isBetter(server, best)))
        best = server;
    }
    return best;
  }

  /** For operators: the state of each server. */
  describe(): string {
    return this.servers
      .map(({ url, state, detail }) => (state === 'up' ? `${url} up` : `${url} ${state} (${detail})`))
      .join(', ');
  }

  [Symbol.dispose](): void {
    clearInterval(this.#upkeep);
    for (const server of this.servers) server[Symbol.dispose]();
  }
}

function isBetter(one: DirectoryServer, other: DirectoryServer): boolean {
  if (one.state !== other.state) return one.state === 'up';
  return one.underWay < other.underWay;
}
