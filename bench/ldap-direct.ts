/**
 * What slapd does when nobody stands between: a client that does next to nothing, with messages made beforehand, at the same
 * concurrency as the service. A process of its own, started by `fork`.
 *
 * @module
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { NameFilter } from '../src/backends/ldap/names/name-filter.ts';
import { encodeSearch, encodeSimpleBind, prepareSearch } from '../src/backends/ldap/client/message/request.ts';
import { cpuMsOf } from './process-accounting.ts';

export interface DirectOrder {
  readonly port: number;
  readonly pid: number;
  readonly service: { readonly dn: string; readonly password: string };
  readonly baseDn: string;
  readonly filter: string;
  readonly attributes: readonly string[];
  readonly names: readonly string[];
  /** Entry and password of each name; absent where only searches are measured. */
  readonly binds?: readonly { readonly dn: string; readonly password: string }[] | undefined;
  readonly searchConnections: number;
  readonly bindConnections: number;
  /** Logins or look-ups under way at a time. */
  readonly inFlight: number;
  readonly seconds: number;
}

export interface DirectReport {
  readonly done: number;
  readonly seconds: number;
  readonly slapdCpuMs: number;
}

const SEARCH_DONE = 0x65;
const BIND_RESPONSE = 0x61;
const WARM_UP_MS = 500;

/** One connection; `onDone` gets the id of each operation that has ended. */
class RawConnection {
  readonly #socket: Socket;
  readonly #onDone: (id: number, code: number) => void;
  #rest: Buffer = Buffer.alloc(0);
  #unsent: Buffer[] = [];

  constructor(socket: Socket, onDone: (id: number, code: number) => void) {
    this.#socket = socket;
    this.#onDone = onDone;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** All that is said in one turn goes out at once. */
  send(message: Buffer): void {
    if (this.#unsent.push(message) > 1) return;
    setImmediate(() => {
      this.#socket.write(Buffer.concat(this.#unsent));
      this.#unsent = [];
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const header = readHeader(bytes, at);
      if (header === undefined || header.end > bytes.length) break;
      const idLength = bytes[header.content + 1] as number;
      const operation = header.content + 2 + idLength;
      const tag = bytes[operation];
      if (tag === SEARCH_DONE || tag === BIND_RESPONSE) {
        const result = readHeader(bytes, operation) as Header;
        this.#onDone(bytes.readUIntBE(header.content + 2, idLength), bytes[result.content + 2] as number);
      }
      at = header.end;
    }
    this.#rest = bytes.subarray(at);
  }
}

interface Header {
  readonly content: number;
  readonly end: number;
}

function readHeader(bytes: Buffer, at: number): Header | undefined {
  if (at + 6 > bytes.length) {
    const length = bytes[at + 1];
    if (length === undefined || length >= 0x80) return undefined;
    return { content: at + 2, end: at + 2 + length };
  }
  const first = bytes[at + 1] as number;
  if (first < 0x80) return { content: at + 2, end: at + 2 + first };
  const content = at + 2 + (first & 0x7f);
  return { content, end: content + bytes.readUIntBE(at + 2, first & 0x7f) };
}

class Direct {
  readonly #order: DirectOrder;
  readonly #searches: readonly Buffer[];
  readonly #binds: readonly Buffer[];
  #searchers: RawConnection[] = [];
  #idleBinders: RawConnection[] = [];
  readonly #waiting: number[] = [];
  #next = 0;
  #done = 0;
  #isRunning = true;

  constructor(order: DirectOrder) {
    this.#order = order;
    const filter = NameFilter.parse(order.filter, ['user']);
    const search = prepareSearch({
      baseDn: order.baseDn,
      scope: 'subtree',
      attributes: order.attributes,
      sizeLimit: 2,
    });
    const factsOf = (user: string) => ({ user, protocol: '', client_ip: '', local_ip: '' });
    this.#searches = order.names.map((name, i) => encodeSearch(i + 1, search, filter.encode(factsOf(name))));
    this.#binds = (order.binds ?? []).map(({ dn, password }, i) => encodeSimpleBind(i + 1, dn, Buffer.from(password)));
  }

  async run(): Promise<DirectReport> {
    const { searchConnections, bindConnections, inFlight, seconds, pid } = this.#order;
    for (let i = 0; i < searchConnections; i += 1) this.#searchers.push(await this.#openSearcher());
    const hasBinds = this.#binds.length > 0;
    for (let i = 0; hasBinds && i < bindConnections; i += 1) this.#idleBinders.push(await this.#openBinder());
    for (let i = 0; i < inFlight; i += 1) this.#begin();
    await delay(WARM_UP_MS);
    this.#done = 0;
    const cpuBefore = cpuMsOf(pid);
    const start = performance.now();
    await delay(seconds * 1000);
    const report = {
      done: this.#done,
      seconds: (performance.now() - start) / 1000,
      slapdCpuMs: cpuMsOf(pid) - cpuBefore,
    };
    this.#isRunning = false;
    return report;
  }

  #begin(): void {
    if (!this.#isRunning) return;
    const index = this.#next;
    this.#next = (index + 1) % this.#searches.length;
    this.#searchers[index % this.#searchers.length]?.send(this.#searches[index] as Buffer);
  }

  #found(id: number): void {
    if (this.#binds.length === 0) return this.#finish();
    const binder = this.#idleBinders.pop();
    if (binder === undefined) this.#waiting.push(id);
    else binder.send(this.#binds[id - 1] as Buffer);
  }

  #finish(): void {
    this.#done += 1;
    this.#begin();
  }

  async #openSearcher(): Promise<RawConnection> {
    const { dn, password } = this.#order.service;
    const bound = Promise.withResolvers<void>();
    let isBound = false;
    const connection = new RawConnection(await this.#connect(), (id, code) => {
      if (code !== 0) throw new Error(`slapd answers with ${code}`);
      if (isBound) return this.#found(id);
      isBound = true;
      bound.resolve();
    });
    connection.send(encodeSimpleBind(1, dn, Buffer.from(password)));
    await bound.promise;
    return connection;
  }

  async #openBinder(): Promise<RawConnection> {
    const connection: RawConnection = new RawConnection(await this.#connect(), (_, code) => {
      if (code !== 0) throw new Error(`slapd answers with ${code}`);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#idleBinders.push(connection);
      else connection.send(this.#binds[waiting - 1] as Buffer);
      this.#finish();
    });
    return connection;
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ port: this.#order.port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return socket;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.on('message', (order: DirectOrder) => {
  void new Direct(order).run().then((report) => process.send?.(report, () => process.exit(0)));
});
