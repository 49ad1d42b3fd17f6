import { Counter, type Registry } from 'prom-client';
import type { NoticeKind } from './notice.ts';
import type { Delivery } from './webhook.ts';

/** Counts notices, and what became of them on their way to webhooks. */
export class NoticeMetrics {
  readonly #notices: Counter<'event'>;
  readonly #deliveries: Counter<'webhook' | 'result'>;

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    this.#notices = new Counter({
      name: `${prefix}notices_total`,
      help: 'Notices for operators by what happened.',
      labelNames: ['event'],
      registers,
    });
    this.#deliveries = new Counter({
      name: `${prefix}notice_deliveries_total`,
      help: 'Tries to deliver notices to webhooks by what came of them.',
      labelNames: ['webhook', 'result'],
      registers,
    });
  }

  countNotice(kind: NoticeKind): void {
    this.#notices.labels(kind).inc();
  }

  countDelivery(webhook: string, result: Delivery): void {
    this.#deliveries.labels(webhook, result).inc();
  }
}
