import type { Attempt } from '../../login/attempt.ts';
import type { RuleFinding } from '../../login/verdict.ts';
import {
  type Guess,
  guessAt,
  knownCounters,
  knownNetworkCounter,
  strangerCounter,
} from '../../protection/account-budget.ts';
import { manualBlockKeys } from '../../protection/manual-block.ts';
import { isCredible, type Rung, rungCounter, rungsOf } from '../../protection/network-ladder.ts';
import type { GuessRules } from '../../protection/protection-config.ts';
import { sharedAddressCounter } from '../../protection/shared-address.ts';
import type { Block, Blocks } from '../../state/blocks.ts';
import type { Counted, Counter, Counters } from '../../state/counters.ts';
import type { Unavailable } from '../../state/outcome.ts';
import { allOf } from '../maybe-promise.ts';
import type { ExplainedStep } from './explanation.ts';
import { ruleText } from './rule-texts.ts';

export interface GuessBooks {
  readonly rules: GuessRules;
  readonly accounts: Counters;
  readonly networks: Counters;
  readonly blocks: Blocks;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

/** An attempt with a password that was never tried; without an account only what its network is charged with is looked at. */
export interface HypotheticalGuess {
  readonly attempt: Attempt;
  readonly accountKey: string | undefined;
  /** Rules that look at networks leave the account alone. */
  readonly isSpared: boolean;
  readonly signal: AbortSignal;
}

const STEP = 'check-guesses';
/** No password has this marker. */
const NEVER_TRIED = '-';
const NOTHING: Counted = { kind: 'counted', count: 0, isOver: false, isKnown: false };

/** What the rules against guessing would say, one step for each thing that they look at. Nothing is counted. */
export async function explainGuess(asked: HypotheticalGuess, books: GuessBooks): Promise<readonly ExplainedStep[]> {
  const { attempt, accountKey, isSpared, signal } = asked;
  const guess = guessAt(accountKey ?? '', NEVER_TRIED, attempt.clientAddress);
  const rungs = isSpared ? [] : rungsOf(attempt, books.rules.networks);
  const manualKeys = manualBlockKeys(guess.accountKey, guess.address);
  const known = accountKey === undefined ? undefined : knownNetworkCounter(guess, books.rules.knownNetworks);
  const knownIn = known === undefined ? undefined : await knownNetwork(known, books, signal);
  const isShared = await isSharedAddress(guess, books, signal);
  const found = await books.blocks.find([...manualKeys, ...rungs.map(({ blockKey }) => blockKey)], signal);
  const inForce = found.kind === 'found' ? found.blocks : [];
  const about: About = { asked, books, guess, rungs, knownIn, isShared };
  return [
    ...(found.kind === 'unavailable' ? [away(found)] : []),
    ...whereFrom(about, known),
    ...manualBlocks(
      about,
      inForce.filter(({ key }) => manualKeys.includes(key)),
    ),
    ...(await networkSteps(about, inForce)),
    ...(await accountSteps(about)),
  ];
}

async function knownNetwork(
  known: Counter,
  { accounts }: GuessBooks,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await accounts.peek(known, signal);
  return answer.kind === 'counted' && answer.isKnown ? known.member : undefined;
}

async function isSharedAddress(
  { address }: Guess,
  { rules, networks }: GuessBooks,
  signal: AbortSignal,
): Promise<boolean> {
  const { accounts } = rules.sharedAddresses;
  if (address === undefined || accounts === 0) return false;
  const logins = await networks.peek(sharedAddressCounter(NEVER_TRIED, address, rules.sharedAddresses), signal);
  return logins.kind === 'counted' && logins.count > 0 && logins.count >= accounts;
}

interface About {
  readonly asked: HypotheticalGuess;
  readonly books: GuessBooks;
  readonly guess: Guess;
  readonly rungs: readonly Rung[];
  readonly knownIn: string | undefined;
  readonly isShared: boolean;
}

function whereFrom(
  { knownIn, isShared, books: { rules } }: About,
  known: Counter | undefined,
): readonly ExplainedStep[] {
  const days = Math.round(rules.knownNetworks.windowMs / 86_400_000);
  const steps: string[] = [];
  if (knownIn !== undefined)
    steps.push(
      `the account has logged in from ${knownIn} within ${days} days: blocks of networks do not hold against it`,
    );
  else if (known !== undefined) steps.push(`the account has not logged in from ${known.member} within ${days} days`);
  if (isShared) steps.push('many accounts log in from the address: it is not blocked as a whole');
  return steps.map(passed);
}

function manualBlocks(about: About, blocks: readonly Block[]): readonly ExplainedStep[] {
  return blocks.map(({ network, untilMs, reason, by }) => {
    const step = found({ rule: 'manual', effect: 'refused', network, untilMs }, about);
    return { ...step, text: `${step.text}; ${by} gave the reason: ${reason}` };
  });
}

async function networkSteps(about: About, inForce: readonly Block[]): Promise<readonly ExplainedStep[]> {
  const { books, rungs, knownIn, isShared, guess, asked } = about;
  const now = books.now();
  const steps = rungs.map(async (rung): Promise<ExplainedStep> => {
    const { rule, network, blockKey } = rung;
    const isSpared = knownIn !== undefined || isShared;
    const block = inForce.find(({ key }) => key === blockKey);
    if (block !== undefined && isCredible(block, rung, now) && !isSpared) {
      const effect = rule.mode === 'enforce' ? 'refused' : 'observed';
      return found({ rule: rule.name, effect, network, untilMs: block.untilMs }, about);
    }
    const counted = await books.networks.peek(rungCounter(guess, rung), asked.signal);
    if (counted.kind === 'unavailable') return away(counted);
    const tally = `${counted.count} of ${rule.limit} guesses are counted out of ${network} by the rule ${rule.name}`;
    if (!counted.isOver || isSpared) return passed(isSpared ? `${tally}, which do not matter here` : tally);
    const effect = rule.mode === 'enforce' ? 'refused' : 'observed';
    return found({ rule: rule.name, effect, network, count: counted.count, limit: rule.limit }, about);
  });
  const { mode, accounts } = books.rules.spraying;
  const spraying =
    mode === 'off' || guess.address === undefined || asked.isSpared
      ? []
      : [passed(`a password that has failed at ${accounts} accounts out of the network would not be tried (spraying)`)];
  return [...(await Promise.all(steps)), ...spraying];
}

async function accountSteps(about: About): Promise<readonly ExplainedStep[]> {
  const { books, guess, knownIn, asked } = about;
  const rule = books.rules.accounts;
  if (asked.accountKey === undefined || rule.mode === 'off') return [];
  const counters: readonly Counter[] =
    knownIn === undefined ? [strangerCounter(guess, rule)] : knownCounters(guess, knownIn, rule);
  const answers = await allOf(counters.map((counter) => books.accounts.peek(counter, asked.signal)));
  return counters.map((counter, i) => budgetStep(about, counter, answers[i] ?? NOTHING));
}

function budgetStep(about: About, { name, limit }: Counter, counted: Counted | Unavailable): ExplainedStep {
  if (counted.kind === 'unavailable') return away(counted);
  const { knownIn, books } = about;
  const where =
    knownIn === undefined
      ? 'out of networks that are new to the account'
      : name === 'all-known-networks'
        ? 'out of all networks that it is known in'
        : `out of ${knownIn}`;
  if (!counted.isOver)
    return passed(`${counted.count} of ${limit} wrong passwords of the account are counted ${where}`);
  const rule = knownIn === undefined ? 'account' : name === 'all-known-networks' ? 'account-known' : 'account-network';
  const effect = books.rules.accounts.mode === 'enforce' ? 'refused' : 'observed';
  return found({ rule, effect, network: knownIn, count: counted.count, limit }, about);
}

function found(finding: RuleFinding, { asked: { attempt, accountKey } }: About): ExplainedStep {
  const { why } = ruleText(finding, { account: accountKey, address: attempt.clientAddress });
  return { step: STEP, effect: finding.effect, text: why, finding };
}

function passed(text: string): ExplainedStep {
  return { step: STEP, effect: 'passed', text };
}

function away({ detail }: Unavailable): ExplainedStep {
  return { step: STEP, effect: 'passed', text: `what is counted cannot be reached, and lets everybody on: ${detail}` };
}
