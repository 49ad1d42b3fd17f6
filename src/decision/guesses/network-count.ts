import type { RuleFinding } from '../../login/verdict.ts';
import { blockOf, type Rung, repeatCounter, rungCounter } from '../../protection/network-ladder.ts';
import { sprayingCounter } from '../../protection/spraying.ts';
import type { Counted, Counter } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import { UNCOUNTED } from './account-count.ts';
import type { GuessParts, Origin } from './guess-parts.ts';
import { allOf, andThen } from '../maybe-promise.ts';
import { type Taken, takeBack } from './reservation.ts';

export interface NetworkCount {
  readonly kind: 'counted' | 'over';
  readonly taken: readonly Taken[];
  readonly findings: readonly RuleFinding[];
}

/** One counter of a guess, with the rung that it stands for; spraying has none. */
interface Asked {
  readonly counter: Counter;
  readonly rung: Rung | undefined;
  readonly network: string;
}

const NOT_COUNTED: NetworkCount = { kind: 'counted', taken: [], findings: [] };

/**
 * Counts a guess by the networks that it comes out of, and blocks those that are over their limit.
 *
 * Guesses at an account that is known in the network are counted by the account's own budget there, not by the network: an office
 * full of old passwords is no attack. Where many accounts come from one address only that address is counted, and never blocked.
 */
export function countOfNetworks(origin: Origin, parts: GuessParts, signal: AbortSignal): MaybePromise<NetworkCount> {
  const asked = countersOf(origin, parts);
  if (asked.length === 0) return NOT_COUNTED;
  const counted = allOf(asked.map(({ counter }) => parts.networks.hit(counter, signal)));
  return andThen(counted, (answers) => judge(asked, answers, { origin, parts, signal }));
}

function countersOf({ guess, rungs, knownIn, isShared }: Origin, { rules }: GuessParts): readonly Asked[] {
  const asked: Asked[] = [];
  if (knownIn === undefined) {
    for (const rung of isShared ? rungs.slice(0, 1) : rungs)
      asked.push({ counter: rungCounter(guess, rung), rung, network: rung.network });
  }
  const spraying = sprayingCounter(guess, rules.spraying);
  if (spraying !== undefined) asked.push({ ...spraying, rung: undefined });
  return asked;
}

interface Circumstances {
  readonly origin: Origin;
  readonly parts: GuessParts;
  readonly signal: AbortSignal;
}

function judge(
  asked: readonly Asked[],
  answers: readonly (Counted | Unavailable)[],
  around: Circumstances,
): MaybePromise<NetworkCount> {
  const taken: Taken[] = [];
  const findings: MaybePromise<RuleFinding>[] = [];
  for (const [i, one] of asked.entries()) {
    const answer = answers[i];
    if (answer?.kind !== 'counted') findings.push(UNCOUNTED);
    else if (answer.isOver) findings.push(findingOf(one, around));
    else taken.push({ store: around.parts.networks, counter: one.counter, isNew: !answer.isKnown });
  }
  if (findings.length === 0) return { kind: 'counted', taken, findings: NOT_COUNTED.findings };
  return andThen(allOf(findings), (found): MaybePromise<NetworkCount> => {
    if (found.every(({ effect }) => effect === 'observed')) return { kind: 'counted', taken, findings: found };
    return andThen(takeBack(taken, around.signal), () => ({ kind: 'over', taken: [], findings: found }));
  });
}

function findingOf(asked: Asked, { origin, parts, signal }: Circumstances): MaybePromise<RuleFinding> {
  const { counter, rung, network } = asked;
  const { limit } = counter;
  const about = { network, count: limit, limit };
  if (rung === undefined)
    return { rule: 'spraying', effect: parts.rules.spraying.mode === 'enforce' ? 'refused' : 'observed', ...about };
  if (origin.isShared) return { rule: 'shared-address', effect: 'observed', ...about };
  if (rung.rule.mode !== 'enforce') return { rule: rung.rule.name, effect: 'observed', ...about };
  return andThen(parts.networks.hit(repeatCounter(rung), signal), (repeats) => {
    const block = blockOf(rung, repeats.kind === 'counted' ? repeats.count : 1, parts.now());
    const finding: RuleFinding = { rule: block.rule, effect: 'refused', ...about, untilMs: block.untilMs };
    return andThen(parts.blocks.put(block, signal), () => finding);
  });
}
