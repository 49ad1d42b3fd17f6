import type { OpenState, StateHarness } from '../../../src/state/conformance/harness.ts';
import type { RedisConfig, RedisServers } from '../../../src/state/redis/redis-settings.ts';
import { CLOCK_SKEW_MS, RedisState } from '../../../src/state/redis/redis-state.ts';
import { Secret } from '../../../src/login/secret.ts';

export function configFor(servers: RedisServers, changes: Partial<RedisConfig> = {}): RedisConfig {
  return {
    servers,
    username: undefined,
    password: undefined,
    database: 0,
    tls: undefined,
    prefix: 'test',
    // Tests of deadlines set their own; others run on machines that are busy.
    connectTimeoutMs: 2000,
    commandTimeoutMs: 2000,
    limitsWhileAwayPercent: 50,
    secrets: [Secret.fromText('the secret of the installation')],
    ...changes,
  };
}

export function openState(config: RedisConfig): RedisState {
  return new RedisState(config, { longestLifetimeMs: 3_600_000 });
}

/** Opens and waits until it answers. @throws where it does not within 5 s */
export async function openReadyState(config: RedisConfig): Promise<RedisState> {
  const state = openState(config);
  if (await state.whenReady(5000)) return state;
  const { detail } = state.health();
  await state[Symbol.asyncDispose]();
  throw new Error(`not ready: ${detail}`);
}

/** Two processes' views of the same servers, for the suites. */
export function harnessFor<Port>(config: () => RedisConfig, pick: (state: RedisState) => Port): StateHarness<Port> {
  return {
    get skewMs() {
      const { kind } = config().servers;
      return kind === 'cluster' || kind === 'sentinel' ? CLOCK_SKEW_MS : 0;
    },
    open: async (): Promise<OpenState<Port>> => {
      const states = await Promise.all([openReadyState(config()), openReadyState(config())]);
      return {
        port: pick(states[0]),
        other: pick(states[1]),
        [Symbol.asyncDispose]: async () => {
          for (const state of states) await state[Symbol.asyncDispose]();
        },
      };
    },
  };
}
