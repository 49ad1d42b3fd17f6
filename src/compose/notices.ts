import { closeSync, openSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';
import { LineBatch } from '../telemetry/line-batch.ts';
import { LogFile } from '../telemetry/log-file.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type NoticeTarget, Notices } from '../telemetry/notices/notices.ts';
import type { NoticesConfig } from '../telemetry/notices/notices-config.ts';
import { Webhook } from '../telemetry/notices/webhook.ts';

export interface NoticesParts {
  readonly events: Events;
  readonly metrics: Metrics;
  /** Takes over what is opened. */
  readonly building: AsyncDisposableStack;
}

/** Lines name accounts: not for everybody's eyes. */
const FILE_MODE = 0o640;
const MAX_WAITING_BYTES = 1024 * 1024;

/** Opens what is told of notices; `undefined` where nothing is. @throws {ConfigError} where the file cannot be opened */
export function openNotices(config: Config, parts: NoticesParts): Notices | undefined {
  const { file, quietMs, webhooks } = config.notices;
  const targets = [
    ...(file === undefined ? [] : [openFile(config, file, parts)]),
    ...webhooks.map((own) => openWebhook(own, parts)),
  ];
  if (targets.length === 0) return undefined;
  return new Notices({ targets, quietMs, onNotice: (kind) => parts.metrics.notices.countNotice(kind) });
}

function openFile(config: Config, path: string, { building }: NoticesParts): NoticeTarget {
  const descriptor = open(config, path);
  const file = new LogFile(descriptor, MAX_WAITING_BYTES);
  const batch = new LineBatch((bytes, done) => file.write(bytes, done), undefined);
  building.defer(async () => {
    batch.flush();
    await file.settled();
    closeSync(descriptor);
  });
  return { kinds: new Set(), send: (_, body) => batch.write(`${body}\n`) };
}

function open(config: Config, path: string): number {
  try {
    return openSync(path, 'a', FILE_MODE);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw ConfigError.at(config, 'notices.file', `${path}: cannot be opened (${code ?? message})`);
  }
}

function openWebhook(
  own: NoticesConfig['webhooks'][number],
  { events, metrics, building }: NoticesParts,
): NoticeTarget {
  const { name, kinds } = own;
  const webhook = building.use(
    new Webhook(own, {
      onTry(result, detail) {
        metrics.notices.countDelivery(name, result);
        if (result !== 'delivered') events.noticeUndelivered({ webhook: name, result, detail });
      },
    }),
  );
  building.use(
    metrics.addGauge('notices_waiting', 'Notices that wait for their webhook.', () => webhook.waiting, {
      webhook: name,
    }),
  );
  return { kinds, send: (id, body) => webhook.send(id, body) };
}
