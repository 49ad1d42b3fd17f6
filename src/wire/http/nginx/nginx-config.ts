import Type from 'typebox';
import { Count, DurationAboveZero, Flag, type ResolveContext, SecretText, Section } from '../../../config/fields.ts';
import type { Secret } from '../../../login/secret.ts';

export const NginxSchema = Section(
  {
    wait: DurationAboveZero({
      description:
        'Time for which a client waits after a refused login before it may try again on its connection; longer where the protection asks for it. Whole seconds.',
      default: '2s',
      examples: ['5s'],
    }),
    max_attempts: Count({
      description: 'Refused logins on one connection after which nginx is to close it.',
      minimum: 1,
      maximum: 100,
      default: 5,
      examples: [3],
    }),
    response_codes: Flag({
      description:
        'Begins `Auth-Status` with the code by which mail programs tell a wrong password from a temporary failure, in IMAP (RFC 5530) and POP3 (RFC 3206). Without it many of them ask for the password again while a backend is away.',
      default: false,
      examples: [true],
    }),
    xclient: Flag({
      description:
        "Set it where nginx's SMTP servers have `xclient on` without `proxy_smtp_auth on`: the mail host is then told the account by XCLIENT, and `Auth-User` is written so for SMTP that no name can be taken for something else (xtext, RFC 3461 4).",
      default: false,
      examples: [true],
    }),
    backend_login: Type.Optional(
      Section(
        {
          name_suffix: Type.String({
            maxLength: 255,
            pattern: '^[!-~]*$',
            description: 'What follows the name of the account: separator and name of a master user.',
            default: '',
            examples: ['*nginx'],
          }),
          password: SecretText({
            description: 'The password by which nginx logs in to the mail hosts, whatever the client has sent.',
            examples: [{ file: 'nginx-backend.secret' }],
          }),
        },
        {
          description:
            'How nginx logs in to the mail hosts. Where it is left out it does so with the password of the mail user. Callers that ask get this password with each accepted login.',
        },
      ),
    ),
  },
  { description: 'Answers to the mail proxy of nginx, `/api/v1/auth/nginx`.', default: {} },
);

export interface NginxConfig {
  readonly waitSeconds: number;
  readonly maxAttempts: number;
  readonly hasResponseCodes: boolean;
  /** Whether names are told to SMTP servers by XCLIENT. */
  readonly isForXclient: boolean;
  readonly backendLogin: { readonly nameSuffix: string; readonly password: Secret } | undefined;
}

const MS_PER_SECOND = 1000;
// What a header's value may hold; the ends are trimmed by who reads it.
const HEADER_SAFE = /^[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

export function resolveNginx(raw: Type.Static<typeof NginxSchema>, context: ResolveContext): NginxConfig {
  const login = raw.backend_login;
  const password = login && context.at('backend_login').readSecret(login.password, 'password');
  if (password !== undefined && !HEADER_SAFE.test(password.reveal().toString('latin1')))
    context.problem(
      'backend_login.password',
      'must not be empty, hold control characters, or begin or end with a space',
    );
  return {
    waitSeconds: Math.max(1, Math.round(context.durationMs(raw.wait) / MS_PER_SECOND)),
    maxAttempts: raw.max_attempts,
    hasResponseCodes: raw.response_codes,
    isForXclient: raw.xclient,
    backendLogin: login && password && { nameSuffix: login.name_suffix, password },
  };
}
