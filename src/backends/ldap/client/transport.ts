import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from 'node:tls';
import { Inlet } from './inlet.ts';
import { describeError, failed, type LdapFailure } from './ldap-failure.ts';
import type { OperationLimits } from './limits.ts';
import { MessageSplitter } from './message/message-splitter.ts';
import { encodeStartTls } from './message/request.ts';
import { readResponse } from './message/response.ts';
import { RESULT, resultCodeName } from './message/result-codes.ts';
import type { ServerAddress, TlsSettings } from './server-address.ts';

const KEEP_ALIVE_AFTER_MS = 30_000;
const START_TLS_ID = 1;
const MAX_START_TLS_ANSWER = 64 * 1024;

export type TransportOutcome = { readonly kind: 'open'; readonly socket: Socket; readonly inlet: Inlet } | LdapFailure;

/** Opens a connected stream, secured where the address asks for it. Fails as `connect-failed` only. */
export async function openTransport(address: ServerAddress, limits: OperationLimits): Promise<TransportOutcome> {
  const { timeoutMs, signal } = limits;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const onAbort = (): void => deadline.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) deadline.abort();
  const inlet = new Inlet();
  let socket: Socket | undefined;
  try {
    socket = begin(address, inlet);
    await once(socket, address.kind === 'ldaps' ? 'secureConnect' : 'connect', { signal: deadline.signal });
    if (address.kind === 'ldap+starttls') {
      await startTls(socket, deadline.signal);
      socket = guard(connectTls({ socket, ...tlsOptions(address.host, address.tls) }));
      socket.on('data', (chunk: Buffer) => inlet.take(chunk));
      await once(socket, 'secureConnect', { signal: deadline.signal });
    }
    return { kind: 'open', socket, inlet };
  } catch (error) {
    socket?.destroy();
    return failed('connect-failed', deadline.signal.aborted ? `not within ${timeoutMs} ms` : describeError(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function begin(address: ServerAddress, inlet: Inlet): Socket {
  const { onread } = inlet;
  const lasting = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS, noDelay: true };
  switch (address.kind) {
    case 'ldapi':
      return guard(connect({ path: address.path, onread }));
    case 'ldap':
      return guard(connect({ host: address.host, port: address.port, onread, ...lasting }));
    case 'ldap+starttls':
      return guard(connect({ host: address.host, port: address.port, ...lasting }));
    case 'ldaps':
      return guard(connectTls({ port: address.port, ...lasting, ...tlsOptions(address.host, address.tls) })).on(
        'data',
        (chunk: Buffer) => inlet.take(chunk),
      );
  }
}

/** Errors show where the socket is waited for; one that comes in between must not end the process. */
function guard<T extends Socket>(socket: T): T {
  return socket.on('error', () => {});
}

function tlsOptions(host: string, { context, serverName, rejectUnauthorized }: TlsSettings): ConnectionOptions {
  const name = serverName ?? host;
  return {
    host,
    // RFC 6066 3: an address is no server name that could be sent. The certificate is checked against it all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    secureContext: context,
    rejectUnauthorized,
  };
}

/**
 * Asks for TLS and waits for the leave to begin. Bytes behind the answer came in the clear, from whomever: they may not be
 * taken for what the server says under TLS, so any such byte ends the connection.
 */
async function startTls(socket: Socket, signal: AbortSignal): Promise<void> {
  const answer = Promise.withResolvers<void>();
  const splitter = new MessageSplitter(MAX_START_TLS_ANSWER);
  let messages = 0;
  const onData = (chunk: Buffer): void => {
    try {
      splitter.push(chunk, (bytes, start, end) => {
        if (++messages === 1) checkStartTlsAnswer(bytes, start, end);
        return true;
      });
    } catch (error) {
      answer.reject(error);
    }
    if (messages > 1 || (messages === 1 && splitter.pendingBytes > 0)) {
      answer.reject(new Error('the server sent data in the clear after its answer to StartTLS'));
    } else if (messages === 1) answer.resolve();
  };
  const onClose = (): void => answer.reject(new Error('the server closed the connection instead of StartTLS'));
  const onAbort = (): void => answer.reject(signal.reason);
  socket.on('data', onData).once('close', onClose);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    socket.write(encodeStartTls(START_TLS_ID));
    await answer.promise;
  } finally {
    socket.removeListener('data', onData).removeListener('close', onClose);
    signal.removeEventListener('abort', onAbort);
  }
}

function checkStartTlsAnswer(bytes: Buffer, start: number, end: number): void {
  const response = readResponse(bytes, start, end);
  if (response.kind === 'disconnection') throw new Error(`the server disconnects: ${response.result.diagnostic}`);
  if (response.kind !== 'result' || response.operation !== 'extended' || response.id !== START_TLS_ID) {
    throw new Error('the server answered StartTLS with something else');
  }
  const { resultCode, diagnostic } = response.result;
  if (resultCode !== RESULT.success) {
    throw new Error(
      `the server refuses StartTLS: ${resultCodeName(resultCode)}${diagnostic === '' ? '' : ` (${diagnostic})`}`,
    );
  }
}
