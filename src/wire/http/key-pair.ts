import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { KeyPair } from './http-listener.ts';

export interface KeyPairFiles {
  /** PEM file of the certificate, followed by its chain. */
  readonly certificate: string;
  /** PEM file of the private key. */
  readonly key: string;
  /** PEM file of the authorities that vouch for callers' certificates. */
  readonly clientCa?: string | undefined;
}

/** A certificate and key could not be used. The message is for operators and names the file. */
export class KeyPairError extends Error {
  override readonly name = 'KeyPairError';
  readonly code = 'key-pair-unusable';
}

/**
 * Reads a certificate with its key and checks that they belong together.
 * @throws {KeyPairError} where a file cannot be read or the pair cannot be used
 */
export async function loadKeyPair(files: KeyPairFiles): Promise<KeyPair> {
  const [certificate, key, clientCa] = await Promise.all([
    read(files.certificate),
    read(files.key),
    files.clientCa === undefined ? undefined : readAuthorities(files.clientCa),
  ]);
  const leaf = parse(files.certificate, () => new X509Certificate(certificate));
  const privateKey = parse(files.key, () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new KeyPairError(`${files.key}: the key does not belong to the certificate in ${files.certificate}`);
  }
  parse(files.certificate, () => createSecureContext({ cert: certificate, key }));
  return { certificate, key, ...(clientCa !== undefined && { clientCa }) };
}

/** Node would leave out what it cannot read, and then nobody's certificate would count. */
async function readAuthorities(file: string): Promise<Buffer> {
  const bytes = await read(file);
  const blocks = bytes.toString('latin1').match(PEM_CERTIFICATE) ?? [];
  for (const block of blocks) parse(file, () => new X509Certificate(block));
  if (blocks.length === 0) throw new KeyPairError(`${file}: holds no certificate of an authority in PEM form`);
  return bytes;
}

const PEM_CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new KeyPairError(`${path}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`, {
      cause,
    });
  }
}

function parse<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new KeyPairError(`${path}: is no usable PEM file`, { cause });
  }
}

const LOOK_EVERY_MS = 1000;

/**
 * Looks at the files once a second and hands on the new pair when they have changed and can be used. A pair that cannot be
 * used is reported once, when it has stayed so for a whole second: key and certificate are never written in one moment.
 */
export function watchKeyPair(
  files: KeyPairFiles,
  onPair: (pair: KeyPair) => void,
  onRefused: (cause: Error) => void,
): Disposable {
  const watch = new KeyPairWatch(files, onPair, onRefused);
  void watch.look();
  const timer = setInterval(() => void watch.look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      watch.end();
    },
  };
}

class KeyPairWatch {
  readonly #files: KeyPairFiles;
  readonly #onPair: (pair: KeyPair) => void;
  readonly #onRefused: (cause: Error) => void;
  #settled: string | undefined;
  #unusable: string | undefined;
  #isLooking = false;
  #hasEnded = false;

  constructor(files: KeyPairFiles, onPair: (pair: KeyPair) => void, onRefused: (cause: Error) => void) {
    this.#files = files;
    this.#onPair = onPair;
    this.#onRefused = onRefused;
  }

  end(): void {
    this.#hasEnded = true;
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const now = await fingerprint(this.#files);
    this.#settled ??= now;
    if (now !== this.#settled) await this.#take(now);
    this.#isLooking = false;
  }

  async #take(now: string): Promise<void> {
    try {
      const pair = await loadKeyPair(this.#files);
      if (this.#hasEnded) return;
      this.#onPair(pair);
      this.#settled = now;
    } catch (cause) {
      if (this.#unusable !== now) {
        this.#unusable = now;
        return;
      }
      this.#settled = now;
      if (!this.#hasEnded) this.#onRefused(cause as Error);
    }
  }
}

async function fingerprint(files: KeyPairFiles): Promise<string> {
  const looks = await Promise.all(
    [files.certificate, files.key, files.clientCa]
      .filter((path) => path !== undefined)
      .map((path) => stat(path, { bigint: true }).catch(() => undefined)),
  );
  return looks.map((look) => (look === undefined ? 'missing' : `${look.ino} ${look.size} ${look.mtimeNs}`)).join(' | ');
}
