import { createRequire } from 'node:module';
import type * as koffiModule from 'koffi';

/** Tells who started the service how far it is (sd_notify(3)); says nothing where nobody wants to know. */
export interface ServiceNotice {
  ready(): void;
  reloading(): void;
  stopping(): void;
}

type Notify = (unset: number, state: string) => number;

const NANOSECONDS_PER_MICROSECOND = 1000n;

/** Opens libsystemd where systemd waits for notices; where it cannot be opened that is said, for the unit will then time out. */
export function openServiceNotice(io: {
  readonly env: NodeJS.ProcessEnv;
  readonly err: (text: string) => void;
}): ServiceNotice {
  const notify = io.env['NOTIFY_SOCKET'] === undefined ? undefined : openNotify(io.err);
  const tell = (...state: readonly string[]) => void notify?.(0, state.join('\n'));
  return {
    ready: () => tell('READY=1'),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / NANOSECONDS_PER_MICROSECOND}`),
    stopping: () => tell('STOPPING=1'),
  };
}

function openNotify(err: (text: string) => void): Notify | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof koffiModule;
    return koffi.load('libsystemd.so.0').func('int sd_notify(int unset_environment, const char *state)') as Notify;
  } catch (cause) {
    err(`nauthilus: systemd cannot be told how far the service is: ${(cause as Error).message}\n`);
    return undefined;
  }
}
