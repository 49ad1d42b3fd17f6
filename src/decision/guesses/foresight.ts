import type { Attempt } from '../../login/attempt.ts';
import type { MaybePromise } from '../../state/outcome.ts';
import { type Condition, type Place, Turn } from '../../state/turn.ts';
import { Ahead, countAhead } from './ahead.ts';
import { expectedReservation } from './expected-reservation.ts';
import type { Familiar } from './familiar-logins.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import type { Meetings, Met } from './meetings.ts';

/** Somebody of whom it is asked who he is, and what was asked of his guess at the same time. */
export interface Approach {
  readonly met: MaybePromise<Met>;
  /** To be taken or dismissed once it is known who he is. Absent where the guess is counted only then. */
  readonly ahead: Ahead | undefined;
}

type Whose = Pick<Origin, 'guess' | 'isSpared'>;

/**
 * Counts guesses in the same trip to a shared store in which it is asked who guesses. There are few whom it may be: somebody out
 * of a network that is known, or a stranger. For each of them the guess is counted in a turn which is void unless it is him; so it
 * is where a block holds, or the login is remembered. A store that cannot tell that in one step is asked twice.
 */
export class Foresight {
  readonly #parts: CountParts;
  readonly #meetings: Meetings;

  constructor(parts: CountParts, meetings: Meetings) {
    this.#parts = parts;
    this.#meetings = meetings;
  }

  /**
   * Meets somebody of whom nothing is remembered here.
   * @param remembered where others would remember his login
   */
  meetStranger(whose: Whose, attempt: Attempt, remembered: readonly Place[], signal: AbortSignal): Approach {
    const stranger = this.#meetings.strangerAt(whose, attempt);
    const { knownIn } = stranger.around;
    const ofStranger = new Turn('conditional');
    const ofKnown = new Turn('conditional');
    const manual = this.#meetings.placesOfManualBlocks(stranger);
    const blocked = this.#meetings.placesOfNetworkBlocks(stranger);
    const isAhead =
      manual !== undefined &&
      blocked !== undefined &&
      this.#require([...remembered, ...manual], [ofStranger, ofKnown], signal) &&
      this.#require(blocked, [ofStranger], signal);
    if (!isAhead) return { met: this.#meetings.withStranger(whose, attempt, signal), ahead: undefined };
    const met = this.#meetings.withStranger(whose, attempt, signal, {
      ofKnown: [
        { turn: ofStranger, voidWhen: 'known' },
        { turn: ofKnown, voidWhen: 'unknown' },
      ],
      ofSharedAddress: [sharedAs(stranger, ofStranger)],
    });
    const counted = [countAhead(stranger, this.#parts, ofStranger)];
    if (knownIn !== undefined) counted.push(countAhead({ ...stranger, knownIn }, this.#parts, ofKnown));
    return { met, ahead: new Ahead(counted, this.#parts, signal) };
  }

  /** Meets somebody who has logged in from there a short while ago. */
  meetFamiliar(whose: Whose, familiar: Familiar, remembered: readonly Place[], signal: AbortSignal): Approach {
    const origin = this.#meetings.originOf(whose, familiar.knownIn);
    if (familiar.marker === whose.guess.marker) {
      const met = this.#meetings.withFamiliar(whose, familiar.knownIn, signal);
      const reservation = expectedReservation(origin, this.#parts, signal);
      return { met, ahead: new Ahead([{ kind: 'expected', origin, reservation }], this.#parts, signal) };
    }
    const turn = new Turn('conditional');
    const manual = this.#meetings.placesOfManualBlocks(origin);
    const isAhead = manual !== undefined && this.#require([...remembered, ...manual], [turn], signal);
    const met = this.#meetings.withFamiliar(whose, familiar.knownIn, signal);
    if (!isAhead) return { met, ahead: undefined };
    return { met, ahead: new Ahead([countAhead(origin, this.#parts, turn)], this.#parts, signal) };
  }

  #require(places: readonly Place[], turns: readonly Turn[], signal: AbortSignal): boolean {
    return this.#parts.accounts.requireVacant?.(places, turns, signal) ?? false;
  }
}

function sharedAs({ isShared }: Origin, turn: Turn): Condition {
  return { turn, voidWhen: isShared ? 'below' : 'reached' };
}
