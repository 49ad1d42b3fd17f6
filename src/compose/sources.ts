import type { ChangedNames } from '../backends/file/account-changes.ts';
import type { Config } from '../config/config.ts';
import { createListAccounts } from '../decision/list-accounts.ts';
import type { PasswordChecks } from '../passwords/password-checks.ts';
import { type OpenBackends, openBackends } from './backends.ts';
import type { Frame } from './frame.ts';
import { openRemembered, type RememberedHere } from './remembered.ts';
import { forgetChanged, type OpenState, openState } from './state.ts';

export interface SourceParts {
  readonly frame: Frame;
  readonly checks: PasswordChecks;
  /** What was remembered until now; taken over where it still holds. */
  readonly before: RememberedHere | undefined;
  /** Takes over what is opened. */
  readonly building: AsyncDisposableStack;
}

/** Where answers come from: backends, and what is remembered of them. */
export interface OpenSources extends OpenBackends {
  readonly state: OpenState;
  readonly remembered: RememberedHere;
}

/** @throws {ConfigError} where a backend cannot be opened */
export async function openSources(config: Config, parts: SourceParts): Promise<OpenSources> {
  const { frame, checks, before, building } = parts;
  const { events, metrics } = frame;
  // Before there is a state nothing was remembered that could be void.
  let forget: (changed: ChangedNames) => unknown = () => undefined;
  const onAccountsChanged = (changed: ChangedNames) => void forget(changed);
  const opened = await openBackends(config, { checks, events, metrics, building, onAccountsChanged });
  const remembered = openRemembered(config, opened.backends, before);
  const listAccounts = createListAccounts(opened.backends);
  const state = openState(config, { events, metrics, remembered, listAccounts, building });
  forget = (changed) => forgetChanged(state, changed);
  return { ...opened, state, remembered };
}
