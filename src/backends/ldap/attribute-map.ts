import { isUtf8 } from 'node:buffer';
import type { Attributes } from '../../login/account.ts';

/** How one attribute of an entry is delivered. */
export interface DeliveredAttribute {
  /** Its name in LDAP, in any case, with options such as `;lang-de` where it has some. */
  readonly from: string;
  /** Its name in answers. */
  readonly as: string;
  /** What is delivered where the entry has no value: `[]` and `['']` keep the name present; `undefined` leaves it out. */
  readonly absent: readonly string[] | undefined;
  /** Values that are delivered as others, such as FALSE as an empty text. */
  readonly replace: ReadonlyMap<string, string>;
}

/** An attribute as a server gave it. */
export interface FoundAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

const BINARY = ';binary';

// Names and, where a standard gives one, the OID by which the attribute can be asked for too.
const NEVER_DELIVERED: ReadonlySet<string> = new Set(
  [
    ['userPassword', '2.5.4.35'],
    ['authPassword', '1.3.6.1.4.1.4203.1.3.4'],
    ['clearTextPassword', 'userPKCS12', '2.16.840.1.113730.3.1.216'],
    ['pwdHistory', '1.3.6.1.4.1.42.2.27.8.1.20', 'passwordHistory', 'nsslapd-rootpw', 'olcRootPW'],
    ['sambaNTPassword', '1.3.6.1.4.1.7165.2.1.25', 'sambaLMPassword', '1.3.6.1.4.1.7165.2.1.24'],
    ['sambaPasswordHistory', '1.3.6.1.4.1.7165.2.1.54', 'sambaClearTextPassword', 'sambaPreviousClearTextPassword'],
    ['unicodePwd', '1.2.840.113556.1.4.90', 'ntPwdHistory', 'lmPwdHistory', 'dBCSPwd', 'supplementalCredentials'],
    ['ms-Mcs-AdmPwd', 'msDS-ManagedPassword', 'msLAPS-Password', 'ipaNTHash', 'ipaNTSecurityIdentifierKey'],
    ['krbPrincipalKey', '2.16.840.1.113719.1.301.4.39.1', 'krb5Key', 'krbMKey', 'krbPwdHistory', 'krbExtraData'],
    ['oathSecret', 'oathEncKey', 'ipatokenOTPkey', 'goIpUserPassword', 'nsDS5ReplicaCredentials'],
  ]
    .flat()
    .map((name) => name.toLowerCase()),
);

/** True for attributes that hold a password, a hash or a key, by any of their names and with any option. */
export function isNeverDelivered(name: string): boolean {
  const [base = ''] = name.toLowerCase().split(';', 1);
  return NEVER_DELIVERED.has(base);
}

/**
 * What is delivered of an entry. Values that are no UTF-8 text, or whose attribute the server marks as `;binary`, are given
 * as base64 under `name;binary`, all values of the attribute alike.
 */
export function deliverAttributes(rules: readonly DeliveredAttribute[], entry: readonly FoundAttribute[]): Attributes {
  const found = new Map(entry.map((attribute) => [plainName(attribute.name), attribute] as const));
  const delivered = rules.flatMap((rule): [string, readonly string[]][] => {
    const attribute = isNeverDelivered(rule.from) ? undefined : found.get(plainName(rule.from));
    if (attribute === undefined || attribute.values.length === 0)
      return rule.absent === undefined ? [] : [[rule.as, rule.absent]];
    if (isBinary(attribute)) return [[rule.as + BINARY, attribute.values.map((value) => value.toString('base64'))]];
    const texts = attribute.values.map((value) => value.toString('utf8'));
    return [[rule.as, texts.map((text) => rule.replace.get(text) ?? text)]];
  });
  return Object.fromEntries(delivered);
}

/** The attributes that a search has to ask for, each once. */
export function requestedAttributes(rules: readonly DeliveredAttribute[], others: readonly string[] = []): string[] {
  const names = [...others, ...rules.map(({ from }) => from)];
  return [...new Map(names.map((name) => [name.toLowerCase(), name] as const)).values()];
}

/** Without `;binary`, which only says how values are sent (RFC 4522): servers add and leave it out as they like. */
function plainName(name: string): string {
  const lower = name.toLowerCase();
  if (!lower.includes(BINARY)) return lower;
  const parts = lower.split(';').filter((part) => part !== 'binary');
  return parts.join(';');
}

function isBinary({ name, values }: FoundAttribute): boolean {
  return `${name.toLowerCase()};`.includes(`${BINARY};`) || values.some((value) => !isUtf8(value) || value.includes(0));
}
