import { connect } from 'node:net';
import type { ProbeResult } from './mail-host.ts';

/** Opens a TCP connection and closes it; never rejects. */
export function probeTcp(address: string, port: number, deadlineMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (result: ProbeResult) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(
      () => end({ kind: 'failed', detail: `no connection within ${deadlineMs} ms` }),
      deadlineMs,
    );
    socket.once('connect', () => end({ kind: 'alive' }));
    socket.on('error', ({ message }) => end({ kind: 'failed', detail: message }));
  });
}
