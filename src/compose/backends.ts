import type { Backend } from '../backends/backend.ts';
import type { ChangedNames } from '../backends/file/account-changes.ts';
import { openFileBackend } from '../backends/file/file-backend.ts';
import { PasswdFileError } from '../backends/file/passwd-file-error.ts';
import type { BackendConfig, Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { PasswordChecks } from '../passwords/password-checks.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { openLdap } from './ldap-backend.ts';

export interface BackendParts {
  readonly checks: PasswordChecks;
  readonly events: Events;
  readonly metrics: Metrics;
  /** A backend knows that its accounts have changed: what was remembered of them is void. */
  readonly onAccountsChanged: (changed: ChangedNames) => void;
  /** Takes over what is opened, so that it is closed when the service stops or cannot start. */
  readonly building: AsyncDisposableStack;
}

export interface OpenBackends {
  /** In the order in which they are asked. */
  readonly backends: readonly Backend[];
  readonly answersDisabledLookups: ReadonlySet<string>;
}

/** Opens the chain of backends. @throws {ConfigError} where one cannot be opened */
export async function openBackends(config: Config, parts: BackendParts): Promise<OpenBackends> {
  const backends: Backend[] = [];
  const answersDisabledLookups = new Set<string>();
  for (const [i, backendConfig] of config.backends.entries()) {
    const backend = parts.building.use(await openBackend(backendConfig, `backends[${i}]`, config, parts));
    const isReady = () => Number(backend.health().isReady);
    parts.building.use(
      parts.metrics.addGauge('backend_ready', 'Whether a backend can answer.', isReady, { backend: backend.name }),
    );
    backends.push(backend);
    if (backendConfig.answerDisabledLookups) answersDisabledLookups.add(backend.name);
  }
  return { backends, answersDisabledLookups };
}

async function openBackend(own: BackendConfig, path: string, config: Config, parts: BackendParts): Promise<Backend> {
  switch (own.type) {
    case 'file':
      return openFileBackend(own.name, own, {
        checks: parts.checks,
        onReloaded: (record, changed) => {
          parts.onAccountsChanged(changed);
          parts.events.reloaded(`backend ${own.name}`, record);
        },
        onReloadRefused: (record) => parts.events.reloadRefused(`backend ${own.name}`, record),
      }).catch((cause: unknown) => {
        throw cause instanceof PasswdFileError ? ConfigError.at(config, `${path}.path`, cause.message) : cause;
      });
    case 'ldap':
      return openLdap(own, path, config, parts);
  }
}
