import { BasicDoor } from '../../../src/wire/http/basic/basic-door.ts';
import { HeaderDoor } from '../../../src/wire/http/header/header-door.ts';
import { NginxDoor } from '../../../src/wire/http/nginx/nginx-door.ts';
import { someMailHosts } from '../../support/mail-hosts.ts';
import { someRequestHeaders } from '../../support/request-headers.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { CALLER, headersIn, NAME, OpenDoor, openWorld, PASSWORD } from './fuzz-door.ts';

const WORDS = [
  'Auth-User: ',
  'Auth-Pass: ',
  'Auth-Method: ',
  'X-Auth-Password-Encoded: 1',
  'Client-IP: ',
  '\n',
  '%',
  '%41',
  '::1',
  NAME,
  PASSWORD,
];

/** A value without what no value can hold. */
function cleaned(value: string): string {
  return value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');
}

/** Header fields as Node hands them on: names in lower case, and nothing in values that would end them. */
function fieldsIn(input: string): Record<string, string> {
  const fields: Record<string, string> = { host: 'x', authorization: CALLER };
  for (const line of input.split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || name === 'authorization') continue;
    fields[name] = line
      .slice(colon + 1)
      .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
      .trim();
  }
  return fields;
}

function holds(input: string): boolean {
  return Object.values(fieldsIn(input)).some((value) => readings(value).some((text) => text.includes(PASSWORD)));
}

/** A value in all ways in which it may be written. */
function readings(value: string): string[] {
  const bytes = value.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [value, bytes, Buffer.from(value, 'base64').toString('latin1')];
}

const header: FuzzTarget = {
  name: 'header',
  words: WORDS,
  open() {
    const world = openWorld();
    const lists = { name: 'none', open: () => {} };
    return new OpenDoor({
      world,
      door: new HeaderDoor({ ...world, names: someRequestHeaders(), attributeHeadersLimit: 4096, lists }),
      request: (input) => ({ method: 'GET', headers: fieldsIn(input) }),
      isAccepted: ({ status }) => status === 200,
      mayBeAccepted: holds,
    });
  },
};

const nginx: FuzzTarget = {
  name: 'nginx',
  words: [...WORDS, 'Auth-Protocol: smtp', 'Auth-Protocol: imap', 'Auth-SSL: on', 'Auth-Login-Attempt: 1'],
  open() {
    const world = openWorld();
    const config = {
      waitSeconds: 2,
      maxAttempts: 5,
      hasResponseCodes: true,
      isForXclient: false,
      backendLogin: undefined,
    };
    return new OpenDoor({
      world,
      door: new NginxDoor({
        ...world,
        names: someRequestHeaders(),
        nginx: config,
        mailHosts: someMailHosts([], world.events),
      }),
      request: (input) => ({ method: 'GET', headers: fieldsIn(input) }),
      isAccepted: (answer) => headersIn(answer)[headersIn(answer).indexOf('Auth-Status') + 1] === 'OK',
      mayBeAccepted: holds,
    });
  },
};

const basic: FuzzTarget = {
  name: 'basic',
  words: ['Basic ', 'Bearer ', 'basic', '=', '==', btoa(`${NAME}:${PASSWORD}`), btoa(`${NAME}:x`), btoa(':'), 'Og'],
  open() {
    const world = openWorld();
    const settings = { isEnabled: true, realm: 'mail', networks: ['127.0.0.1'] };
    return new OpenDoor({
      world,
      door: new BasicDoor({ ...world, basic: settings }),
      request: (input) => ({
        method: 'GET',
        headers: { host: 'x', authorization: cleaned(input) },
      }),
      isAccepted: ({ status }) => status === 200,
      mayBeAccepted: (input) =>
        readings(
          cleaned(input)
            .replace(/^basic/i, '')
            .trim(),
        ).includes(`${NAME}:${PASSWORD}`),
    });
  },
};

/** Header fields of requests, through their doors. */
export const HEADER_TARGETS: readonly FuzzTarget[] = [header, nginx, basic];
