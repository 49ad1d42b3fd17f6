import type { Condition, InTurn, Turn } from '../turn.ts';
import type { Argument } from './redis-connection.ts';

/** What a question has to do with turns. */
export interface TurnsOfQuestion {
  readonly inTurn?: InTurn | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** Numbers the turns of one run of the script that counts, and says what questions have to do with them as it takes that. */
export class TurnNumbers {
  readonly #numbers = new Map<Turn, number>();

  argumentsOf({ inTurn, conditions }: TurnsOfQuestion): readonly Argument[] {
    if (conditions !== undefined) return [this.textOf(conditions), '', ''];
    if (inTurn === undefined) return ['', '', ''];
    const { turn, isLater, endsWhen = '' } = inTurn;
    const when = turn.isConditional ? (isLater ? 'later-if' : 'if') : isLater ? 'later' : '';
    return [this.#numberOf(turn), when, endsWhen];
  }

  /** Each turn with what makes it void. */
  textOf(
    conditions: readonly { readonly turn: Turn; readonly voidWhen: Condition['voidWhen'] | 'occupied' }[],
  ): string {
    return conditions.map(({ turn, voidWhen }) => `${this.#numberOf(turn)}:${voidWhen}`).join(' ');
  }

  #numberOf(turn: Turn): number {
    const known = this.#numbers.get(turn);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(turn, number);
    return number;
  }
}
