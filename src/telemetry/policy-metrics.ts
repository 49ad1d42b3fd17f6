import { Counter, type Registry } from 'prom-client';

/** What mail servers that decide by themselves ask and tell. */
export type PolicyCommand = 'allow' | 'report';
export type PolicyAnswer = 'allowed' | 'delayed' | 'refused' | 'deferred' | 'taken' | 'ignored';

/** Counts what mail servers that prove passwords by themselves were answered. */
export class PolicyMetrics {
  readonly #answers: Counter<'command' | 'answer'>;

  constructor(registry: Registry, prefix: string) {
    this.#answers = new Counter({
      name: `${prefix}policy_answers_total`,
      help: 'Answers to mail servers that prove passwords by themselves, by what they asked or told.',
      labelNames: ['command', 'answer'],
      registers: [registry],
    });
  }

  countAnswer(command: PolicyCommand, answer: PolicyAnswer): void {
    this.#answers.labels(command, answer).inc();
  }
}
