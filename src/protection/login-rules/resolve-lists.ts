import { isIP } from 'node:net';
import type Type from 'typebox';
import type { ResolveContext } from '../../config/fields.ts';
import type { DnsList, ListQuestions, RblRule } from './address-lists.ts';
import { canonicalDomain } from '../login-rules.ts';
import { NetworkSet } from '../network-set.ts';
import type { LoginRules } from './overrides.ts';
import type { RblSchema } from './rbl-schema.ts';
import { resolveNetworks } from '../resolve-networks.ts';

type RawRbl = Type.Static<typeof RblSchema>;

export function resolveRbl(raw: RawRbl, context: ResolveContext): RblRule {
  return {
    mode: raw.mode,
    threshold: raw.threshold,
    allowedNetworks: new NetworkSet(resolveNetworks(raw.allow_networks, 'allow_networks', context)),
    sparesKnownNetworks: raw.known_networks === 'let-in',
    onFailure: raw.on_failure,
  };
}

/** @param all the rules for everybody and those of overrides; nothing is asked where none of them does */
export function resolveListQuestions(
  raw: RawRbl,
  all: readonly Pick<LoginRules, 'rbl'>[],
  context: ResolveContext,
): ListQuestions {
  const isUsed = all.some(({ rbl }) => rbl.mode !== 'off');
  if (isUsed && raw.lists.length === 0) context.problem('lists', 'is empty, and there is nothing to ask');
  const lists = raw.lists.map((list, i) => resolveList(list, context.at(`lists[${i}]`)));
  for (const [i, { name }] of lists.entries()) {
    const first = lists.findIndex((list) => list.name === name);
    if (first < i) context.problem(`lists[${i}].name`, `${name} is the name of lists[${first}] already`);
  }
  const most = lists.reduce((sum, { weight }) => sum + Math.max(0, weight), 0);
  if (isUsed && lists.length > 0 && most < raw.threshold)
    context.problem('threshold', `cannot be reached: all lists together weigh ${most}`);
  return {
    lists: isUsed ? lists : [],
    threshold: raw.threshold,
    servers: raw.servers.map((text, i) => resolveServer(text, `servers[${i}]`, context)),
    deadlineMs: context.durationMs(raw.deadline),
    lifetimeMs: context.durationMs(raw.lifetime),
    maxAddresses: raw.max_addresses,
    maxLookups: raw.max_lookups,
  };
}

function resolveList(raw: RawRbl['lists'][number], context: ResolveContext): DnsList {
  if (!raw.ipv4 && !raw.ipv6) context.problem('', 'needs ipv4, ipv6 or both: without them it is asked about nobody');
  return {
    name: raw.name,
    zone: canonicalDomain(raw.zone),
    weight: raw.weight,
    codes: new NetworkSet(resolveNetworks(raw.return_codes, 'return_codes', context)),
    ipv4: raw.ipv4,
    ipv6: raw.ipv6,
  };
}

const WITH_PORT = /^(?:\[(?<six>[^\]]+)\]|(?<four>[0-9.]+))(?::(?<port>[0-9]+))?$/;

function resolveServer(text: string, key: string, context: ResolveContext): string {
  if (isIP(text) === 6) return `[${text}]:53`;
  const { six, four, port = '53' } = WITH_PORT.exec(text)?.groups ?? {};
  const isAddress = six === undefined ? isIP(four ?? '') === 4 : isIP(six) === 6;
  if (!isAddress || Number(port) < 1 || Number(port) > 65_535)
    context.problem(key, 'is no address of a DNS server; write one such as 127.0.0.1, 127.0.0.1:5353 or [::1]:53');
  return `${six === undefined ? four : `[${six}]`}:${port}`;
}
