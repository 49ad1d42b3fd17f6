import type Type from 'typebox';
import type { ResolveContext } from '../config/fields.ts';
import type { AccountBudgetRule, KnownNetworksRule } from './account-budget.ts';
import type { ListQuestions } from './login-rules/address-lists.ts';
import type { Exemptions } from './login-rules.ts';
import { canonicalDomain } from './login-rules.ts';
import type { NetworkRule } from './network-ladder.ts';
import type { PrefixLengths } from './network-prefix.ts';
import { NetworkSet } from './network-set.ts';
import type { LoginRules, Overrides } from './login-rules/overrides.ts';
import { type NetworkRuleSchema, ProtectionSchema } from './protection-schema.ts';
import { resolveListQuestions, resolveRbl } from './login-rules/resolve-lists.ts';
import { resolveNetworks } from './resolve-networks.ts';
import { resolveOverrides } from './login-rules/resolve-overrides.ts';
import { type PlaceDatabases, resolveDatabases, resolvePlaces } from './login-rules/resolve-places.ts';
import type { SharedAddressRule } from './shared-address.ts';
import type { SprayingRule } from './spraying.ts';
import type { WaitRule } from './wait.ts';

export { ProtectionSchema };

/** Everything that keeps a login out before a backend is asked. */
export interface ProtectionConfig extends LoginRules {
  readonly exempt: Exemptions;
  /** Other rules for some accounts. */
  readonly overrides: Overrides;
  /** After how long it is read again what domains backends have. */
  readonly domainsRefreshMs: number;
  readonly listQuestions: ListQuestions;
  readonly placeDatabases: PlaceDatabases;
  readonly guesses: GuessRules;
}

/** The rules against guessing. */
export interface GuessRules {
  readonly accounts: AccountBudgetRule;
  readonly knownNetworks: KnownNetworksRule;
  readonly networks: readonly NetworkRule[];
  readonly spraying: SprayingRule;
  readonly sharedAddresses: SharedAddressRule;
  readonly wait: WaitRule;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Networks of one account that are remembered. */
const KNOWN_NETWORKS = 64;

export function resolveProtection(
  raw: Type.Static<typeof ProtectionSchema>,
  context: ResolveContext,
): ProtectionConfig {
  const networks = (key: string, texts: readonly string[]) => new NetworkSet(resolveNetworks(texts, key, context));
  const rules: LoginRules = {
    deniedNetworks: {
      mode: raw.denied_networks.mode,
      networks: networks('denied_networks.networks', raw.denied_networks.networks),
    },
    tls: { mode: raw.tls.mode, exemptNetworks: networks('tls.exempt_networks', raw.tls.exempt_networks) },
    relayDomains: {
      mode: raw.relay_domains.mode,
      domains: raw.relay_domains.domains.map(canonicalDomain),
      from: raw.relay_domains.from,
    },
    rbl: resolveRbl(raw.rbl, context.at('rbl')),
    places: resolvePlaces(raw.places),
  };
  const overrides = resolveOverrides(raw.overrides, rules, context);
  const all = [rules, ...overrides.all.map((one) => one.rules)];
  return {
    ...rules,
    exempt: { networks: networks('exempt_networks', raw.exempt_networks), callers: new Set(raw.exempt_callers) },
    overrides,
    domainsRefreshMs: context.durationMs(raw.relay_domains.refresh),
    listQuestions: resolveListQuestions(raw.rbl, all, context.at('rbl')),
    placeDatabases: resolveDatabases(raw.places, all, context.at('places')),
    guesses: resolveGuessRules(raw, context),
  };
}

function resolveGuessRules(raw: Type.Static<typeof ProtectionSchema>, context: ResolveContext): GuessRules {
  const { accounts, known_networks, spraying, shared_addresses, wait } = raw;
  if (accounts.from_new_networks + accounts.from_known_networks > 100)
    context.warning('accounts', 'more than 100 wrong passwords of an account are tried (NIST SP 800-63B-4 3.2.2)');
  refuseRepeatedRules(raw.networks, context);
  return {
    accounts: {
      mode: accounts.mode,
      windowMs: context.durationMs(accounts.window),
      fromNewNetworks: accounts.from_new_networks,
      fromKnownNetworks: accounts.from_known_networks,
      perKnownNetwork: accounts.per_known_network,
    },
    knownNetworks: {
      windowMs: known_networks.days * DAY_MS,
      prefixes: { ipv4: known_networks.ipv4_prefix, ipv6: known_networks.ipv6_prefix },
      limit: KNOWN_NETWORKS,
    },
    networks: raw.networks.map((rule, i) =>
      resolveNetworkRule({ ...rule, mode: atMost(rule.mode, raw.network_rules) }, context.at(`networks[${i}]`)),
    ),
    spraying: {
      mode: atMost(spraying.mode, raw.network_rules),
      windowMs: context.durationMs(spraying.window),
      accounts: spraying.accounts,
      prefixes: { ipv4: spraying.ipv4_prefix, ipv6: spraying.ipv6_prefix },
    },
    sharedAddresses: { windowMs: DAY_MS, accounts: shared_addresses.accounts },
    wait: { free: wait.free, longestSeconds: Math.floor(context.durationMs(wait.longest) / 1000) },
  };
}

const MODES = ['off', 'observe', 'enforce'] as const;

function atMost(mode: (typeof MODES)[number], limit: (typeof MODES)[number]): (typeof MODES)[number] {
  return MODES.indexOf(mode) < MODES.indexOf(limit) ? mode : limit;
}

function resolveNetworkRule(raw: Type.Static<typeof NetworkRuleSchema>, context: ResolveContext): NetworkRule {
  const windowMs = context.durationMs(raw.window);
  const blockMs = context.durationMs(raw.block);
  const longestBlockMs = context.durationMs(raw.longest_block);
  const prefixes: PrefixLengths = { ipv4: raw.ipv4_prefix, ipv6: raw.ipv6_prefix };
  if (prefixes.ipv4 === undefined && prefixes.ipv6 === undefined)
    context.problem('', 'needs ipv4_prefix, ipv6_prefix or both: without them it holds for nobody');
  // What is counted still would block anew whoever comes first, were it the owner of an account.
  if (blockMs < windowMs) context.problem('block', `must not be shorter than the window of ${raw.window}`);
  if (longestBlockMs < blockMs) context.problem('longest_block', `must not be shorter than the block of ${raw.block}`);
  return {
    name: raw.name,
    mode: raw.mode,
    windowMs,
    limit: raw.limit,
    blockMs,
    longestBlockMs,
    prefixes,
    protocols: filterOf(raw.protocols.map((protocol) => protocol.toLowerCase())),
    callers: filterOf(raw.callers),
    oidcClients: filterOf(raw.oidc_clients),
  };
}

function filterOf(words: readonly string[]): ReadonlySet<string> | undefined {
  return words.length === 0 ? undefined : new Set(words);
}

function refuseRepeatedRules(rules: readonly { readonly name: string }[], context: ResolveContext): void {
  for (const [i, { name }] of rules.entries()) {
    const first = rules.findIndex((rule) => rule.name === name);
    if (first < i) context.problem(`networks[${i}].name`, `${name} is the name of networks[${first}] already`);
  }
}
