import Type from 'typebox';
import type { HeaderShape } from './operation.ts';

const text = (description: string): HeaderShape => ({ description, schema: Type.String() });
const seconds = (description: string): HeaderShape => ({
  description,
  schema: Type.String({ pattern: '^[0-9]+$' }),
});

/** What all answers below `/api/v1` have. */
export const SESSION_HEADERS = {
  'X-Nauthilus-Session': {
    description: 'Sortable unique id of the request, in the log too.',
    schema: Type.String({ pattern: '^[0-9A-HJKMNP-TV-Z]{26}$' }),
  },
} as const satisfies Readonly<Record<string, HeaderShape>>;

/** What all answers to questions about logins have, problems included. */
export const AUTH_HEADERS = {
  'Auth-Status': {
    description: '`OK`, or a text that the mail user may be told.',
    schema: Type.String({ pattern: '^[ -~]+$' }),
  },
  ...SESSION_HEADERS,
} as const satisfies Readonly<Record<string, HeaderShape>>;

export const AUTH_USER = {
  'Auth-User': text('The account, in UTF-8; it may differ from the name that the user typed.'),
};
export const AUTH_WAIT = {
  'Auth-Wait': seconds('Seconds that the client is to be made to wait before it tries again.'),
};
export const MEMORY_CACHE = {
  'X-Nauthilus-Memory-Cache': {
    description: 'Whether the login was remembered in this process.',
    schema: Type.Union([Type.Literal('Hit'), Type.Literal('Miss')]),
  },
};
export const CHALLENGE = {
  'WWW-Authenticate': text('How to prove oneself (RFC 9110 11.6.1).'),
};
export const RETRY_AFTER = { 'Retry-After': seconds('Seconds to wait before the next try.') };
export const ALLOW = { Allow: text('The methods that are served.') };
export const VARY = { Vary: { description: 'What the form depends on.', schema: Type.Literal('Accept') } };
export const WANTED = {
  Accept: text('The media type that a body must have.'),
  'Accept-Encoding': text('The coding that a body must have.'),
};
