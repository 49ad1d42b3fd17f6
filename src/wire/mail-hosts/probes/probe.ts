import { renderProxyHeader } from '../../sockets/render-proxy-header.ts';
import { type Dialogue, hold, secretsOf } from './dialogue.ts';
import { askHttp } from './http-dialogue.ts';
import { imapDialogue } from './imap-dialogue.ts';
import { pop3Dialogue } from './pop3-dialogue.ts';
import { ProbeConnection } from './probe-connection.ts';
import { shownLine } from './probe-failure.ts';
import type { ProbeProtocol, ProbeSettings, ProbeTarget } from './probe-settings.ts';
import { sieveDialogue } from './sieve-dialogue.ts';
import { lmtpDialogue, smtpDialogue } from './smtp-dialogue.ts';

/** What a probe came to. `detail` is for operators, and holds nothing secret. */
export type ProbeResult = { readonly kind: 'alive' } | { readonly kind: 'failed'; readonly detail: string };

/** Probes a host. Never rejects. */
export type Probe = (target: ProbeTarget, settings: ProbeSettings) => Promise<ProbeResult>;

const DIALOGUES: Readonly<Record<Exclude<ProbeProtocol, 'tcp' | 'http'>, Dialogue>> = {
  imap: imapDialogue,
  pop3: pop3Dialogue,
  smtp: smtpDialogue,
  lmtp: lmtpDialogue,
  sieve: sieveDialogue,
};

/** Connects, and says what the settings ask for, within their deadline. */
export const probeHost: Probe = async (target, settings) => {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), settings.deadlineMs);
  try {
    using connection = await ProbeConnection.open(target, deadline.signal);
    await speak(connection, target, settings);
    return { kind: 'alive' };
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const late = deadline.signal.aborted ? ` (${settings.deadlineMs} ms)` : '';
    return { kind: 'failed', detail: shownLine(`${text}${late}`, secretsOf(settings.login)) };
  } finally {
    clearTimeout(timer);
  }
};

async function speak(connection: ProbeConnection, { host }: ProbeTarget, settings: ProbeSettings): Promise<void> {
  const { protocol, tls, sendsProxyHeader } = settings;
  if (sendsProxyHeader) connection.write(renderProxyHeader(2, undefined));
  if (tls === 'implicit') await connection.secure(host, settings);
  if (protocol === 'tcp') return;
  if (protocol === 'http') return askHttp(connection, { host, ...settings });
  const dialogue = DIALOGUES[protocol];
  await hold(dialogue, connection, { host, ...settings });
  connection.leave(dialogue.farewell);
}
