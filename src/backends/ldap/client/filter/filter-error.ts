/** A filter that is not one. `position` counts characters from 0 in the text as it was written. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
  readonly code = 'bad-filter';
  readonly position: number;

  constructor(problem: string, position: number) {
    super(`${problem} at position ${position}`);
    this.position = position;
  }
}
