/** Where a store that keeps counters keeps something else, by the key under which that store knows it. */
export interface Place {
  readonly key: string;
  /** It is vacant also where what is there ends within so many milliseconds. */
  readonly restMs: number;
}
