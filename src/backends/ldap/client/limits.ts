/** How long an operation may take: until `timeoutMs` have passed or `signal` fires, whichever is first. */
export interface OperationLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}
