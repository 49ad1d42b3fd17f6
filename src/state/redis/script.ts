import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A script that runs in the server as one step. Its file says which keys and arguments it takes and what it gives. */
export interface Script {
  readonly source: string;
  /** The hash by which the server knows it. */
  readonly sha: string;
}

function loadScript(name: string): Script {
  const source = readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

export const COUNT = loadScript('count');
export const FORGET = loadScript('forget');
export const READ_CLOCK = loadScript('read-clock');
export const PUT_BLOCK = loadScript('put-block');
export const REMOVE_BLOCK = loadScript('remove-block');
