import Type from 'typebox';
import {
  Choice,
  Count,
  Duration,
  DurationAboveZero,
  Name,
  Path,
  type ResolveContext,
  SecretText,
  Section,
} from '../../config/fields.ts';
import { NOTICE_KINDS, type NoticeKind } from './notice.ts';
import type { WebhookSettings } from './webhook.ts';

const WebhookSchema = Section(
  {
    name: Name({ description: 'Name of the webhook in the log and in metrics.', examples: ['chat'] }),
    url: Type.String({
      pattern: '^https?://[^\\s]{1,2000}$',
      description: 'Where notices are sent to by POST, as JSON. Redirects are not followed.',
      examples: ['https://hooks.example.test/nauthilus'],
    }),
    secret: Type.Optional(
      SecretText({
        description: 'Signs what is sent: HMAC-SHA-256 in the header `X-Nauthilus-Signature`.',
        examples: [{ file: 'webhook.secret' }],
      }),
    ),
    events: Type.Array(Choice(NOTICE_KINDS, { description: 'One of them.', examples: ['block-put'] }), {
      description: 'Which notices are sent; empty for all.',
      default: [],
      uniqueItems: true,
      examples: [['block-put', 'spraying-seen']],
    }),
    timeout: DurationAboveZero({ description: 'Time for one try.', default: '5s', examples: ['10s'] }),
    give_up_after: DurationAboveZero({
      description:
        'What could not be delivered for so long is dropped; until then it is tried again, after growing pauses.',
      default: '1h',
      examples: ['1d'],
    }),
    queue: Count({
      description: 'Notices that wait at most in each process; beyond it the oldest is dropped.',
      minimum: 1,
      maximum: 100_000,
      default: 1000,
      examples: [10_000],
    }),
  },
  { description: 'A URL that is told of what happens.' },
);

export const NoticesSchema = Section(
  {
    file: Type.Optional(
      Path({
        description: 'File that notices are appended to, one JSON object a line.',
        examples: ['/var/log/nauthilus/notices.jsonl'],
      }),
    ),
    quiet: Duration({
      description: 'How long the same thing about the same network or account is not told of again.',
      default: '10m',
      examples: ['1h'],
    }),
    webhooks: Type.Array(WebhookSchema, { description: 'URLs that are told.', default: [] }),
  },
  { description: 'Who is told at once of blocks, attacks and outages.', default: {} },
);

export interface WebhookConfig extends WebhookSettings {
  readonly name: string;
  readonly kinds: ReadonlySet<NoticeKind>;
}

export interface NoticesConfig {
  readonly file: string | undefined;
  readonly quietMs: number;
  readonly webhooks: readonly WebhookConfig[];
}

export function resolveNotices(raw: Type.Static<typeof NoticesSchema>, context: ResolveContext): NoticesConfig {
  for (const [i, { name }] of raw.webhooks.entries())
    if (raw.webhooks.findIndex((one) => one.name === name) < i)
      context.problem(`webhooks[${i}].name`, `${name} is the name of another webhook already`);
  return {
    file: raw.file === undefined ? undefined : context.resolvePath(raw.file),
    quietMs: context.durationMs(raw.quiet),
    webhooks: raw.webhooks.map((webhook, i) => resolveWebhook(webhook, context.at(`webhooks[${i}]`))),
  };
}

function resolveWebhook(raw: Type.Static<typeof WebhookSchema>, context: ResolveContext): WebhookConfig {
  const url = URL.parse(raw.url);
  if (url === null) context.problem('url', 'is no URL');
  else if (url.username !== '' || url.password !== '') context.problem('url', 'must not hold a name or a password');
  else if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    context.warning('url', 'notices name accounts and addresses, and travel in the clear');
  return {
    name: raw.name,
    url: raw.url,
    secret: raw.secret === undefined ? undefined : context.readSecret(raw.secret, 'secret'),
    kinds: new Set(raw.events),
    timeoutMs: context.durationMs(raw.timeout),
    giveUpAfterMs: context.durationMs(raw.give_up_after),
    maxQueue: raw.queue,
  };
}

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;
