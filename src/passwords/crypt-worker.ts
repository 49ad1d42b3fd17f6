import { parentPort } from 'node:worker_threads';
import { md5Crypt } from './md5-crypt.ts';
import { shaCrypt } from './sha-crypt.ts';

/** What the thread is asked. */
export interface CryptRequest {
  readonly id: number;
  readonly password: Uint8Array;
  readonly setting: string;
}

/** What it answers; `hash` is missing where it could not be computed. */
export interface CryptResponse {
  readonly id: number;
  readonly hash: string | undefined;
}

parentPort?.on('message', ({ id, password, setting }: CryptRequest) => {
  const bytes = Buffer.from(password.buffer, password.byteOffset, password.byteLength);
  const response: CryptResponse = { id, hash: compute(bytes, setting) };
  bytes.fill(0);
  parentPort?.postMessage(response);
});

function compute(password: Buffer, setting: string): string | undefined {
  try {
    return setting.startsWith('$1$') ? md5Crypt(password, setting) : shaCrypt(password, setting);
  } catch {
    return undefined;
  }
}
