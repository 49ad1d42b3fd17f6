import path from 'node:path';
import { InvalidArgumentError } from 'commander';

/** Reads an absolute path that can stand without quotes in configurations of mail servers. @throws {InvalidArgumentError} */
export function readPlainPath(text: string): string {
  if (/^\/[A-Za-z0-9_./-]*$/.test(text)) return path.posix.normalize(text).replace(/(?<=.)\/$/, '');
  throw new InvalidArgumentError('It must be an absolute path of letters, digits, ".", "_" and "-".');
}
