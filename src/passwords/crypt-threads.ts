import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { CryptRequest, CryptResponse } from './crypt-worker.ts';
import type { Crypt } from './libcrypt.ts';
import { HashingFailedError } from './scheme.ts';

/**
 * Computes `$1$`, `$5$` and `$6$` where the system has no libcrypt: in JavaScript, on threads of their own, which start when first
 * needed and do not keep the process alive while they are idle. It has no bound of its own: callers ask through a bounded queue.
 */
export function cryptThreads(count: number = availableParallelism()): Crypt {
  const threads: CryptThread[] = [];
  return (password, setting) => {
    const idle = threads.find((thread) => thread.pending === 0);
    if (idle !== undefined) return idle.compute(password, setting);
    if (threads.length < count) threads.push(new CryptThread());
    const leastBusy = threads.reduce((best, thread) => (thread.pending < best.pending ? thread : best));
    return leastBusy.compute(password, setting);
  };
}

class CryptThread {
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #worker: Worker | undefined;
  #lastId = 0;

  get pending(): number {
    return this.#waiting.size;
  }

  compute(password: Buffer, setting: string): Promise<string> {
    const waiting = Promise.withResolvers<string>();
    this.#lastId += 1;
    // A copy, as the whole memory behind a pooled Buffer would be sent along.
    const request: CryptRequest = { id: this.#lastId, password: new Uint8Array(password), setting };
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage(request);
      this.#waiting.set(request.id, waiting);
    } catch (error) {
      waiting.reject(new HashingFailedError('the hashing thread could not be asked', { cause: error }));
    }
    return waiting.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./crypt-worker.ts', import.meta.url), { execArgv: [] });
    worker.on('message', (response: CryptResponse) => this.#settle(worker, response));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker));
    return worker;
  }

  #settle(worker: Worker, { id, hash }: CryptResponse): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) worker.unref();
    if (hash === undefined) waiting?.reject(new HashingFailedError('the hashing thread could not compute the hash'));
    else waiting?.resolve(hash);
  }

  /** The next request starts another thread. */
  #fail(worker: Worker, cause?: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of lost) waiting.reject(new HashingFailedError('the hashing thread ended', { cause }));
  }
}
