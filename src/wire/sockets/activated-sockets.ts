/**
 * Sockets that systemd has opened for the service before it started it (sd_listen_fds(3)): descriptors from 3 on, with their
 * names in the environment.
 *
 * @module
 */
import { fstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as koffiModule from 'koffi';

const FIRST_DESCRIPTOR = 3;
/** What a process has from the one that started it, where that is one of ours: descriptors of that one, by name. */
const HANDED_ON = 'NAUTHILUS_LISTEN_FDS';

/** A socket of systemd cannot be had. The message is for operators. */
export class ActivatedSocketError extends Error {
  override readonly name = 'ActivatedSocketError';
  readonly code = 'activated-socket-missing';
}

export interface ActivationEnvironment {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  /** A copy of a descriptor, or the descriptor itself where the system does not let us. */
  readonly duplicate: (descriptor: number) => number;
}

/** The sockets by their names. Listening on a descriptor ends it, so that copies are listened on. */
export class ActivatedSockets {
  readonly #duplicate: (descriptor: number) => number;
  readonly #names: readonly string[];
  readonly #isOwn: boolean;
  readonly #descriptors = new Map<string, number>();
  /** Copies that were made. */
  readonly #copies = new Map<string, number>();

  constructor({ env, pid, duplicate }: ActivationEnvironment) {
    this.#duplicate = duplicate;
    const handedOn = env[HANDED_ON];
    this.#isOwn = handedOn === undefined;
    const found = handedOn === undefined ? fromSystemd(env, pid) : fromPrimary(handedOn);
    this.#names = found.map(([name]) => name);
    for (const [name, descriptor] of found) this.#descriptors.set(name, descriptor);
  }

  /** A descriptor to listen on. @throws {ActivatedSocketError} where there is none of this name, or more than one */
  take(name: string): number {
    const descriptor = this.#descriptors.get(name);
    if (descriptor === undefined) throw new ActivatedSocketError(this.#missing(name));
    if (this.#names.filter((other) => other === name).length > 1)
      throw new ActivatedSocketError(
        `systemd has passed several sockets named ${name}; give each address a socket unit with a FileDescriptorName of its own`,
      );
    return this.#isOwn ? this.#copyOf(name, descriptor) : descriptor;
  }

  /** What a process is to have in its environment that asks this one to listen for it. */
  handOn(): Readonly<Record<string, string | undefined>> {
    const pairs = this.#names.map((name) => `${name}=${this.#copyOf(name, this.#descriptors.get(name) as number)}`);
    return { [HANDED_ON]: pairs.join(':'), LISTEN_PID: undefined, LISTEN_FDS: undefined, LISTEN_FDNAMES: undefined };
  }

  /** The copy that is listened on already, unless that was ended since. */
  #copyOf(name: string, descriptor: number): number {
    const standing = this.#copies.get(name);
    if (standing !== undefined && isSameSocket(standing, descriptor)) return standing;
    const copy = this.#duplicate(descriptor);
    this.#copies.set(name, copy);
    return copy;
  }

  #missing(name: string): string {
    if (this.#names.length === 0)
      return `systemd has passed no socket; start the service by a socket unit named ${name}, or with FileDescriptorName=${name}`;
    return `systemd has passed no socket named ${name}, but ${this.#names.join(', ')}`;
  }
}

type Named = readonly [name: string, descriptor: number];

/** Where the variables are meant for another process they say nothing. */
function fromSystemd(env: NodeJS.ProcessEnv, pid: number): Named[] {
  if (env['LISTEN_PID'] !== String(pid)) return [];
  const count = Number(env['LISTEN_FDS'] ?? 0);
  if (!Number.isSafeInteger(count) || count < 1) return [];
  const names = env['LISTEN_FDNAMES']?.split(':') ?? [];
  return Array.from({ length: count }, (_, i): Named => [names[i] || 'unknown', FIRST_DESCRIPTOR + i]);
}

function fromPrimary(text: string): Named[] {
  return text.split(':').flatMap((pair): Named[] => {
    const mark = pair.lastIndexOf('=');
    return mark < 0 ? [] : [[pair.slice(0, mark), Number(pair.slice(mark + 1))]];
  });
}

function isSameSocket(one: number, other: number): boolean {
  try {
    return fstatSync(one).ino === fstatSync(other).ino;
  } catch {
    return false;
  }
}

const F_DUPFD_CLOEXEC = 1030;
const LOWEST_COPY = 10;

/** Copies a descriptor by the C library, where the optional package koffi is there to call it. */
export function duplicateDescriptor(descriptor: number): number {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof koffiModule;
    const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int cmd, ...)');
    const copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 'int', LOWEST_COPY) as number;
    return copy < 0 ? descriptor : copy;
  } catch {
    return descriptor;
  }
}

let ofThisProcess: ActivatedSockets | undefined;

/** The sockets of this process. */
export function activatedSockets(): ActivatedSockets {
  ofThisProcess ??= new ActivatedSockets({ env: process.env, pid: process.pid, duplicate: duplicateDescriptor });
  return ofThisProcess;
}
