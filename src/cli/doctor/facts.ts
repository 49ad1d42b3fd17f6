/**
 * What is known of an installation before anything is judged. Each part is there or not; where it is not, a check says why, and
 * the checks that need it are skipped.
 *
 * @module
 */
import type { DovecotSettings } from './dovecot-settings.ts';
import type { GlueSettings } from './glue-settings.ts';
import type { HostUser } from './host-user.ts';
import type { LuaInstallation } from './lua-installation.ts';
import type { MailHost, RunResult } from './mail-host.ts';
import type { CredentialReading } from './secret-file.ts';
import type { DoorAnswer, Reach } from './service-door.ts';

/** A file that was read, or why it was not. */
export type FileReading =
  | {
      readonly kind: 'read';
      readonly path: string;
      readonly bytes: Buffer;
      readonly mode: number;
      /** What keeps Dovecot's auth process from it; `undefined` where nothing does. */
      readonly hindranceOfAuth: string | undefined;
      /** The same for the process that asks the service. */
      readonly hindranceOfWorker: string | undefined;
    }
  | { readonly kind: 'unread'; readonly path: string; readonly message: string };

/** What Dovecot trusts when it asks the service. */
export interface Trust {
  /** `undefined` where the setting is empty. */
  readonly caFile: FileReading | undefined;
  readonly pems: readonly string[];
}

/** Answers of the service, or why there was none; `undefined` where it was not asked. */
export interface DoorAnswers {
  /** To a login that nobody can have, asked several times. */
  readonly logins: readonly (DoorAnswer | string)[];
  readonly lookUp: DoorAnswer | string | undefined;
  readonly list: DoorAnswer | string | undefined;
}

/** What `doveadm` said. */
export interface RealLogins {
  readonly account: string;
  readonly right: RunResult;
  /** Names that Dovecot rewrites, each with a wrong password; none where this was not asked for. */
  readonly wrong: readonly { readonly name: string; readonly result: RunResult }[];
}

export interface Facts {
  readonly host: MailHost;
  readonly doveconf: RunResult;
  readonly dovecot: DovecotSettings;
  readonly lua: LuaInstallation;
  readonly authUser: HostUser | undefined;
  readonly script: FileReading | undefined;
  /** The glue as this program has it. */
  readonly ownGlue: string;
  readonly settingsFile: FileReading | undefined;
  /** The settings, or what is wrong with them. */
  readonly settings: GlueSettings | string | undefined;
  readonly secretFile: FileReading | undefined;
  readonly credential: CredentialReading | undefined;
  readonly trust: Trust;
  readonly reach: Reach | undefined;
  readonly answers: DoorAnswers | undefined;
  readonly real: RealLogins | undefined;
}
