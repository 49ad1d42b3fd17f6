export type BerProblem = 'truncated' | 'unexpected-tag' | 'bad-length' | 'bad-integer' | 'too-large' | 'too-many';

/** Bytes that are no message of this protocol, or one beyond the limits. It names the place, never the content. */
export class BerError extends Error {
  override readonly name = 'BerError';
  readonly code: BerProblem;

  constructor(code: BerProblem, position: number) {
    super(`${code} at byte ${position}`);
    this.code = code;
  }
}
