import { type Dialect, QUOTA_UNITS, type QuotaUnit } from './dovecot-fields-rules.ts';

/** Names and values of fields of the userdb, or what is wrong with what they were to be made of. */
export type Expressed =
  | { readonly kind: 'fields'; readonly fields: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'problem'; readonly message: string };

const SIZE = /^(\d{1,19})\s*(?:([kmgt])i?b?|(b))?$/iu;
const FACTORS: Readonly<Record<string, bigint>> = { k: 1n << 10n, m: 1n << 20n, g: 1n << 30n, t: 1n << 40n };
/** Dovecot counts bytes in 64 bits with a sign. */
const MAX_BYTES = (1n << 63n) - 1n;

/**
 * Quotas as fields of the userdb: `quota_rule`, `quota_rule2` … for Dovecot 2.3, `quota_storage_size` and
 * `quota_message_count` for 2.4. A value is a size (`1048576`, `100M`; without a unit it is in `unit`), or a rule as 2.3 has
 * them (`*:storage=100M:messages=1000`). Rules for single mailboxes have no place in a userdb of 2.4 and are passed over.
 */
export function expressQuota(values: readonly string[], unit: QuotaUnit, dialect: Dialect): Expressed {
  const fields: (readonly [string, string])[] = [];
  for (const [i, value] of values.entries()) {
    const expressed = value.includes(':')
      ? expressRule(value, dialect)
      : expressSize(sizeOf(value, QUOTA_UNITS[unit]), dialect);
    if (expressed.kind === 'problem') return expressed;
    for (const [name, text] of expressed.fields)
      fields.push([dialect === 'dovecot23' ? numbered(name, i) : name, text]);
  }
  return { kind: 'fields', fields };
}

function numbered(name: string, i: number): string {
  return i === 0 ? name : `${name}${i + 1}`;
}

const NO_SIZE: Expressed = { kind: 'problem', message: 'is no size that a quota can have' };

function expressSize(bytes: bigint | undefined, dialect: Dialect): Expressed {
  if (bytes === undefined) return NO_SIZE;
  if (dialect === 'dovecot23') return { kind: 'fields', fields: [['quota_rule', `*:bytes=${bytes}`]] };
  return { kind: 'fields', fields: [storageSize(bytes)] };
}

/** Zero bytes mean no limit in the rules of 2.3. */
function storageSize(bytes: bigint): readonly [string, string] {
  return ['quota_storage_size', bytes === 0n ? 'unlimited' : `${bytes}B`];
}

function sizeOf(text: string, unit: bigint): bigint | undefined {
  const [, digits, factor, isBytes] = SIZE.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const bytes = BigInt(digits) * (factor === undefined ? (isBytes ? 1n : unit) : (FACTORS[factor.toLowerCase()] ?? 1n));
  return bytes > MAX_BYTES ? undefined : bytes;
}

function expressRule(rule: string, dialect: Dialect): Expressed {
  if (dialect === 'dovecot23') return { kind: 'fields', fields: [['quota_rule', rule]] };
  const [mailbox, ...limits] = rule.split(':');
  if (mailbox !== '*' && mailbox !== '?') return { kind: 'fields', fields: [] };
  const fields: (readonly [string, string])[] = [];
  for (const limit of limits) {
    const field = fieldOfLimit(limit);
    if (field === undefined) return { kind: 'problem', message: 'is a quota rule that Dovecot 2.4 has no setting for' };
    fields.push(field);
  }
  return { kind: 'fields', fields };
}

/** A storage limit without a unit is in KiB. */
function fieldOfLimit(limit: string): readonly [string, string] | undefined {
  const equals = limit.indexOf('=');
  const [kind, amount] = [limit.slice(0, equals), limit.slice(equals + 1)];
  if (kind === 'messages' && /^\d{1,9}$/u.test(amount))
    return ['quota_message_count', Number(amount) === 0 ? 'unlimited' : String(Number(amount))];
  if (kind !== 'storage' && kind !== 'bytes') return undefined;
  const bytes = sizeOf(amount, kind === 'storage' ? QUOTA_UNITS.KiB : 1n);
  return bytes === undefined ? undefined : storageSize(bytes);
}
