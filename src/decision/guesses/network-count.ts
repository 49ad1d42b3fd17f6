import type { RuleFinding } from '../../login/verdict.ts';
import { blockOf, isCredible, type Rung, repeatCounter, rungCounter } from '../../protection/network-ladder.ts';
import { sprayingCounterOf } from '../../protection/spraying.ts';
import type { Block } from '../../state/blocks.ts';
import type { Counted, Counter } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { InTurn, Turn } from '../../state/turn.ts';
import { isSkipped, UNCOUNTED } from './account-count.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import type { Hold } from './holds.ts';
import { allOf, andThen } from '../maybe-promise.ts';

export type NetworkCount =
  | { readonly kind: 'counted'; readonly taken: readonly Hold[]; readonly findings: readonly RuleFinding[] }
  | OverLimit;

/** Nothing is counted, and nothing is known: the turn was void. */
export interface NetworksSkipped {
  readonly kind: 'skipped';
}

/** Nothing is counted, since there are limits that do not let the guess through. */
export interface OverLimit {
  readonly kind: 'over';
  readonly passed: readonly Asked[];
  /** What was found beside them. */
  readonly findings: readonly RuleFinding[];
}

/** One counter of a guess, with the rung that it stands for; spraying has none. */
export interface Asked {
  readonly counter: Counter;
  readonly rung: Rung | undefined;
  readonly network: string;
}

const NOTHING: readonly RuleFinding[] = [];
const SKIPPED: NetworksSkipped = { kind: 'skipped' };
const NOT_COUNTED: NetworkCount = { kind: 'counted', taken: [], findings: NOTHING };

/**
 * Counts a guess by the networks that it comes out of.
 *
 * Guesses at an account that is known in the network are counted by the account's own budget there, not by the network: an office
 * full of old passwords is no attack. Where many accounts come from one address only that address is counted, and never blocked.
 *
 * @param turn ends where a limit does not let the guess through
 */
export function countOfNetworks(
  origin: Origin,
  parts: CountParts,
  signal: AbortSignal,
  turn?: Turn,
): MaybePromise<NetworkCount> {
  const asked = countersOf(origin, parts);
  if (asked.length === 0) return NOT_COUNTED;
  const { held, answers } = hitAll(asked, { origin, parts, signal }, turn);
  return andThen(answers, (counted) => judge(asked, held, counted, { origin, parts, signal }));
}

/** Does what {@link countOfNetworks} does in a turn with conditions, which may be void. */
export function countOfNetworksAhead(
  origin: Origin,
  parts: CountParts,
  signal: AbortSignal,
  turn: Turn,
): MaybePromise<NetworkCount | NetworksSkipped> {
  const asked = countersOf(origin, parts);
  if (asked.length === 0) return NOT_COUNTED;
  const { held, answers } = hitAll(asked, { origin, parts, signal }, turn);
  return andThen(answers, (counted): MaybePromise<NetworkCount | NetworksSkipped> => {
    if (!counted.some(isSkipped)) return judge(asked, held, counted, { origin, parts, signal });
    return andThen(parts.holds.giveBack(held, signal), () => SKIPPED);
  });
}

/** What {@link countOfNetworks} would find. Nothing is counted, and nothing is held. */
export function lookAtNetworks(origin: Origin, parts: CountParts, signal: AbortSignal): MaybePromise<NetworkCount> {
  const asked = countersOf(origin, parts);
  if (asked.length === 0) return NOT_COUNTED;
  const looked = allOf(asked.map(({ counter }) => parts.networks.peek(counter, signal)));
  return andThen(looked, (answers) => judge(asked, [], answers, { origin, parts, signal }));
}

/** Blocks the networks whose limits are passed, where they are not blocked yet, and says what was found. */
export function blockNetworks(
  { passed, findings }: OverLimit,
  parts: CountParts,
  signal: AbortSignal,
): MaybePromise<readonly RuleFinding[]> {
  const found = allOf(passed.map((one) => (one.rung === undefined ? refusedBy(one) : block(one.rung, parts, signal))));
  return findings.length === 0 ? found : andThen(found, (more) => [...findings, ...more]);
}

function countersOf(
  { guess, around, rungs, knownIn, isShared, isSpared }: Origin,
  { rules }: CountParts,
): readonly Asked[] {
  const asked: Asked[] = [];
  if (knownIn === undefined) {
    for (const rung of isShared ? rungs.slice(0, 1) : rungs)
      asked.push({ counter: rungCounter(guess, rung), rung, network: rung.network });
  }
  const spraying = isSpared ? undefined : sprayingCounterOf(guess, around.sprayedFrom, rules.spraying);
  if (spraying !== undefined) asked.push({ ...spraying, rung: undefined });
  return asked;
}

interface Circumstances {
  readonly origin: Origin;
  readonly parts: CountParts;
  readonly signal: AbortSignal;
}

function hitAll(asked: readonly Asked[], { origin, parts, signal }: Circumstances, turn: Turn | undefined) {
  const { holds, networks } = parts;
  // Held before anything is asked: what another attempt takes back meanwhile is left to this one.
  const held = asked.map(({ counter }) => holds.open(origin, networks, counter));
  const placeOf = (one: Asked | undefined): InTurn | undefined =>
    turn && { turn, isLater: false, endsWhen: one && isEnforced(one, origin, parts) ? 'over' : undefined };
  const answers = allOf(held.map((hold, i) => holds.hit(hold, signal, placeOf(asked[i]))));
  if (answers instanceof Promise) holds.hold(held);
  return { held, answers };
}

function judge(
  asked: readonly Asked[],
  held: readonly Hold[],
  answers: readonly (Counted | Unavailable)[],
  around: Circumstances,
): MaybePromise<NetworkCount> {
  const taken: Hold[] = [];
  let findings: RuleFinding[] | undefined;
  let passed: Asked[] | undefined;
  for (const [i, one] of asked.entries()) {
    const answer = answers[i];
    if (answer?.kind !== 'counted') (findings ??= []).push(UNCOUNTED);
    else if (!answer.isOver) addHeld(taken, held[i]);
    else if (isEnforced(one, around.origin, around.parts)) (passed ??= []).push(one);
    else (findings ??= []).push(observedBy(one, around.origin));
  }
  if (passed === undefined) return { kind: 'counted', taken, findings: findings ?? NOTHING };
  const over: OverLimit = { kind: 'over', passed, findings: findings ?? NOTHING };
  return andThen(around.parts.holds.giveBack(taken, around.signal), () => over);
}

/** Who only looks holds nothing. */
function addHeld(taken: Hold[], hold: Hold | undefined): void {
  if (hold !== undefined) taken.push(hold);
}

function isEnforced({ rung }: Asked, origin: Origin, parts: CountParts): boolean {
  if (rung === undefined) return parts.rules.spraying.mode === 'enforce';
  return !origin.isShared && rung.rule.mode === 'enforce';
}

function observedBy({ counter: { limit }, rung, network }: Asked, { isShared }: Origin): RuleFinding {
  const rule = rung === undefined ? 'spraying' : isShared ? 'shared-address' : rung.rule.name;
  return { rule, effect: 'observed', network, count: limit, limit };
}

function refusedBy({ counter: { limit }, network }: Asked): RuleFinding {
  return { rule: 'spraying', effect: 'refused', network, count: limit, limit };
}

/** Guesses that pass a limit at the same time are one reason for a block, not several: each would make the next one longer. */
function block(rung: Rung, parts: CountParts, signal: AbortSignal): MaybePromise<RuleFinding> {
  return andThen(parts.blocks.find([rung.blockKey], signal), (found) => {
    const [inForce] = found.kind === 'found' ? found.blocks : [];
    if (inForce !== undefined && isCredible(inForce, rung, parts.now())) return findingOf(inForce, rung);
    return andThen(parts.networks.hit(repeatCounter(rung), signal), (repeats) => {
      const made = blockOf(rung, repeats.kind === 'counted' ? repeats.count : 1, parts.now());
      return andThen(parts.blocks.put(made, signal), () => findingOf(made, rung));
    });
  });
}

function findingOf({ rule, untilMs }: Block, { network, rule: { limit } }: Rung): RuleFinding {
  return { rule, effect: 'refused', network, count: limit, limit, untilMs };
}
