import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Secret } from '../login/secret.ts';
import { parseByteSize, parseDuration } from './amounts.ts';
import type { ResolveContext, UnreadSecret } from './fields.ts';
import { join } from './read-settings.ts';

/** Where problems and warnings of a whole configuration go. */
export interface Findings {
  problem(path: string, message: string): void;
  warning(path: string, message: string): void;
}

const MAX_SECRET_BYTES = 64 * 1024;
const READABLE_BY_OTHERS = 0o004n;
const NOTHING = Secret.fromText('');

/** The context of the section at `place` of a configuration file in `folder`. */
export function openResolveContext(folder: string, findings: Findings, place = ''): ResolveContext {
  const resolvePath = (text: string) => path.resolve(folder, text);
  const problem = (key: string, message: string) => findings.problem(join(place, key), message);
  const warning = (key: string, message: string) => findings.warning(join(place, key), message);
  return {
    resolvePath,
    durationMs: parseDuration,
    byteSize: parseByteSize,
    problem,
    warning,
    at: (key) => openResolveContext(folder, findings, join(place, key)),
    readSecret(unread: UnreadSecret, key: string): Secret {
      if (typeof unread === 'string') return Secret.fromText(unread);
      const fileKey = join(key, 'file');
      const read = readSecretFile(resolvePath(unread.file));
      if (read.kind === 'problem') {
        problem(fileKey, read.message);
        return NOTHING;
      }
      if (read.isReadableByOthers)
        warning(fileKey, `${read.file}: other users of this machine can read it; use mode 0600 or 0640`);
      return read.secret;
    },
  };
}

type SecretFile =
  | { readonly kind: 'secret'; readonly secret: Secret; readonly file: string; readonly isReadableByOthers: boolean }
  | { readonly kind: 'problem'; readonly message: string };

function readSecretFile(file: string): SecretFile {
  let look: BigIntStats;
  let text: string;
  try {
    look = statSync(file, { bigint: true });
    // Reading a pipe or device could take for ever.
    if (!look.isFile()) return { kind: 'problem', message: `${file}: is not a regular file` };
    if (look.size > MAX_SECRET_BYTES) return { kind: 'problem', message: `${file}: is too large for a secret` };
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    return {
      kind: 'problem',
      message: `${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    };
  }
  const secret = Secret.fromText(text.replace(/\r?\n$/, ''));
  if (secret.isEmpty) return { kind: 'problem', message: `${file}: is empty` };
  return { kind: 'secret', secret, file, isReadableByOthers: (look.mode & READABLE_BY_OTHERS) !== 0n };
}
