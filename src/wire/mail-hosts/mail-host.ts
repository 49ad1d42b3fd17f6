import type { HostOrder } from '../../state/host-orders.ts';
import type { FadingCount } from './fading-count.ts';
import type { HostHealth } from './host-health.ts';
import { placeKeyOf } from './place-key.ts';
import type { MailHostConfig } from './mail-hosts-config.ts';

/** `drain`: no account is sent there by choice. `maintain`: it is as if it were down. */
export type HostState = 'up' | 'down' | HostOrder['mode'];

export const HOST_STATES: readonly HostState[] = ['up', 'down', 'drain', 'maintain'];

/** What a host has been through; it outlives a change of the configuration. */
export interface HostPast {
  readonly health: HostHealth;
  /** Accounts that were sent there lately. */
  readonly placed: FadingCount;
  /** Since when it is told to be down, by a clock that never goes back; `undefined` while it is not. */
  downSinceMs: number | undefined;
}

export interface MailHostParts {
  /** What choices go by. Two hosts of a pool never have the same. */
  readonly key: string;
  readonly past: HostPast;
  readonly orderOf: (placeKey: string) => HostOrder | undefined;
}

/** One host of a pool: what it is, whether it is alive, and what operators want of it. */
export class MailHost {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly key: string;
  /** What orders go by: the same in every pool that has the host with this port. */
  readonly placeKey: string;
  readonly past: HostPast;
  readonly #orderOf: MailHostParts['orderOf'];

  constructor({ host, port, weight }: MailHostConfig, { key, past, orderOf }: MailHostParts) {
    this.host = host;
    this.port = port;
    this.weight = weight;
    this.key = key;
    this.placeKey = placeKeyOf(host, port);
    this.past = past;
    this.#orderOf = orderOf;
  }

  get order(): HostOrder | undefined {
    return this.#orderOf(this.placeKey);
  }

  get state(): HostState {
    const mode = this.order?.mode;
    if (mode === 'maintain') return mode;
    if (!this.past.health.isAlive) return 'down';
    return mode ?? 'up';
  }

  /** Whether accounts that have no other place can be sent there. */
  get serves(): boolean {
    const { state } = this;
    return state === 'up' || state === 'drain';
  }
}
