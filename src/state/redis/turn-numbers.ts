import type { Condition, InTurn, Turn } from '../turn.ts';

/** What a question has to do with turns. */
export interface TurnsOfQuestion {
  readonly inTurn?: InTurn | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** Numbers the turns of one run of the script that counts, and says what questions have to do with them as it takes that. */
export class TurnNumbers {
  readonly #numbers = new Map<Turn, number>();

  placeOf({ inTurn, conditions }: TurnsOfQuestion): string {
    if (conditions !== undefined)
      return `${conditions.map(({ turn, voidWhen }) => `${this.#numberOf(turn)}:${voidWhen}`).join(',')} - -`;
    if (inTurn === undefined) return '- - -';
    const { turn, isLater, endsWhen = '-' } = inTurn;
    const when = turn.isConditional ? (isLater ? 'later-if' : 'if') : isLater ? 'later' : '-';
    return `${this.#numberOf(turn)} ${when} ${endsWhen}`;
  }

  /** The turns that are void where a place is occupied. */
  vacancyOf(turns: readonly Turn[]): string {
    return `${turns.map((turn) => `${this.#numberOf(turn)}:occupied`).join(',') || '-'} - -`;
  }

  #numberOf(turn: Turn): number {
    const known = this.#numbers.get(turn);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(turn, number);
    return number;
  }
}
