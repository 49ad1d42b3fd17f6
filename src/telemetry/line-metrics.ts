import { Counter, type Registry } from 'prom-client';

/** Answers and refused connections of the doors that are no HTTP. All labels are from fixed sets, or names of listeners. */
export class LineMetrics {
  readonly #refused: Counter<'listener' | 'reason'>;
  /** Looking labels up each time costs more than counting. */
  readonly #tallies = new Map<string, Map<string, { count: number }>>();

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    const tallies = this.#tallies;
    new Counter({
      name: `${prefix}line_answers_total`,
      help: 'Answers of the doors for lines by door and kind.',
      labelNames: ['door', 'answer'],
      registers,
      collect() {
        for (const [door, byAnswer] of tallies)
          for (const [answer, tally] of byAnswer) {
            this.inc({ door, answer }, tally.count);
            tally.count = 0;
          }
      },
    });
    this.#refused = new Counter({
      name: `${prefix}line_connections_refused_total`,
      help: 'Connections to listeners for lines that were refused, or ended for what came over them.',
      labelNames: ['listener', 'reason'],
      registers,
    });
  }

  countAnswer(door: string, answer: string): void {
    const byAnswer = this.#tallies.get(door) ?? this.#begin(door);
    const tally = byAnswer.get(answer);
    if (tally === undefined) byAnswer.set(answer, { count: 1 });
    else tally.count += 1;
  }

  countRefused(listener: string, reason: string, count: number): void {
    this.#refused.labels(listener, reason).inc(count);
  }

  #begin(door: string): Map<string, { count: number }> {
    const byAnswer = new Map<string, { count: number }>();
    this.#tallies.set(door, byAnswer);
    return byAnswer;
  }
}
