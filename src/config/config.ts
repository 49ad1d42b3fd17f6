import type { FileBackendConfig } from '../backends/file/file-config.ts';
import type { LdapBackendConfig } from '../backends/ldap/ldap-config.ts';
import type { DeadlineConfig, ListConfig, VerifiedLoginsConfig } from '../decision/decision-config.ts';
import type { PasswordsConfig } from '../passwords/passwords-config.ts';
import type { ProtectionConfig } from '../protection/protection-config.ts';
import type { StateConfig } from '../state/state-config.ts';
import type { NoticesConfig } from '../telemetry/notices/notices-config.ts';
import type { ExplainConfig, LogConfig } from '../telemetry/telemetry-config.ts';
import type { ControlConfig } from '../wire/control/control-config.ts';
import type { BasicConfig } from '../wire/http/basic/basic-config.ts';
import type { CallerConfig } from '../wire/http/callers-config.ts';
import type { DovecotConfig } from '../wire/http/dovecot-config.ts';
import type { RequestHeadersConfig } from '../wire/http/header/request-headers-config.ts';
import type { AnswersConfig, ListenerConfig } from '../wire/http/http-config.ts';
import type { NginxConfig } from '../wire/http/nginx/nginx-config.ts';
import type { LineConfig, LineListenerConfig } from '../wire/line/line-config.ts';
import type { MapConfig } from '../wire/line/maps/maps-config.ts';
import type { WforceConfig } from '../wire/http/wforce/wforce-config.ts';
import type { MailHostsConfig } from '../wire/mail-hosts/mail-hosts-config.ts';
import type { ConfigProblem, Locator } from './config-error.ts';

/** A backend of the chain, told apart by `type`. */
export type BackendConfig = FileBackendConfig | LdapBackendConfig;

/**
 * Everything that can be set, checked and resolved: times in milliseconds, sizes in bytes, paths absolute. `file` is as it was
 * named; `locate` gives the place of a setting (`callers[0].secret`), or of the nearest part above it that the file sets.
 */
export interface Config extends Locator {
  readonly listeners: readonly ListenerConfig[];
  /** Requests under way at a time on all listeners together. */
  readonly maxRequests: number;
  readonly callers: readonly CallerConfig[];
  /** Asked in this order. */
  readonly backends: readonly BackendConfig[];
  readonly decision: DeadlineConfig;
  readonly list: ListConfig;
  readonly verifiedLogins: VerifiedLoginsConfig;
  readonly passwords: PasswordsConfig;
  readonly protection: ProtectionConfig;
  readonly state: StateConfig;
  readonly answers: AnswersConfig;
  readonly dovecot: DovecotConfig;
  readonly requestHeaders: RequestHeadersConfig;
  readonly nginx: NginxConfig;
  readonly basic: BasicConfig;
  readonly wforce: WforceConfig;
  readonly mailHosts: MailHostsConfig;
  readonly lineListeners: readonly LineListenerConfig[];
  readonly line: LineConfig;
  /** Tables for listeners of lines. */
  readonly maps: readonly MapConfig[];
  readonly log: LogConfig;
  readonly explain: ExplainConfig;
  readonly notices: NoticesConfig;
  readonly shutdown: DeadlineConfig;
  /** Processes that answer. */
  readonly workers: number;
  readonly control: ControlConfig;
  /** What works but should be looked at. */
  readonly warnings: readonly ConfigProblem[];
}
