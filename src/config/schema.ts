import Type from 'typebox';
import { FileBackendSchema } from '../backends/file/file-config.ts';
import { LdapBackendSchema } from '../backends/ldap/ldap-config.ts';
import { DecisionSchema, ListSchema, VerifiedLoginsSchema } from '../decision/decision-config.ts';
import { PasswordsSchema } from '../passwords/passwords-config.ts';
import { ProtectionSchema } from '../protection/protection-config.ts';
import { StateSchema } from '../state/state-config.ts';
import { WorkersSchema } from '../supervision/workers-config.ts';
import { NoticesSchema } from '../telemetry/notices/notices-config.ts';
import { ExplainSchema, LogSchema } from '../telemetry/telemetry-config.ts';
import { ControlSchema } from '../wire/control/control-config.ts';
import { BasicSchema } from '../wire/http/basic/basic-config.ts';
import { CallerSchema } from '../wire/http/callers-config.ts';
import { DovecotSchema } from '../wire/http/dovecot-config.ts';
import { RequestHeadersSchema } from '../wire/http/header/request-headers-config.ts';
import { AnswersSchema, HttpSchema, ListenerSchema } from '../wire/http/http-config.ts';
import { NginxSchema } from '../wire/http/nginx/nginx-config.ts';
import { LineListenersSchema, LineSchema } from '../wire/line/line-config.ts';
import { MapsSchema } from '../wire/line/maps/maps-config.ts';
import { WforceSchema } from '../wire/http/wforce/wforce-config.ts';
import { MailHostsSchema } from '../wire/mail-hosts/mail-hosts-config.ts';
import { Duration, Section } from './fields.ts';

const ShutdownSchema = Section(
  {
    deadline: Duration({
      description: 'Time for requests that are under way when the service stops; then their connections are cut off.',
      default: '10s',
      examples: ['30s'],
    }),
  },
  { description: 'How the service stops.', default: {} },
);

/** Everything that can be set, composed of the sections of those who use it. */
export const SettingsSchema = Section(
  {
    listeners: Type.Array(ListenerSchema, { description: 'Addresses that answer callers.', minItems: 1 }),
    callers: Type.Array(CallerSchema, { description: 'Mail servers that may ask.', minItems: 1 }),
    backends: Type.Array(Type.Union([FileBackendSchema, LdapBackendSchema]), {
      description: 'Where accounts live. Backends are asked in this order until one knows the account.',
      minItems: 1,
    }),
    http: HttpSchema,
    decision: DecisionSchema,
    list: ListSchema,
    verified_logins: VerifiedLoginsSchema,
    passwords: PasswordsSchema,
    protection: ProtectionSchema,
    state: StateSchema,
    answers: AnswersSchema,
    dovecot: DovecotSchema,
    request_headers: RequestHeadersSchema,
    nginx: NginxSchema,
    basic: BasicSchema,
    wforce: WforceSchema,
    mail_hosts: MailHostsSchema,
    line_listeners: LineListenersSchema,
    line: LineSchema,
    maps: MapsSchema,
    log: LogSchema,
    explain: ExplainSchema,
    notices: NoticesSchema,
    shutdown: ShutdownSchema,
    workers: WorkersSchema,
    control: ControlSchema,
  },
  { description: 'Configuration of Nauthilus.' },
);

/** The settings as the file has them, checked, with their defaults. */
export type Settings = Type.Static<typeof SettingsSchema>;
