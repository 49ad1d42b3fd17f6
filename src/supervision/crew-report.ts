import type { Readiness } from '../wire/http/health-doors.ts';

/**
 * Puts together what the workers tell of their readiness: the service is ready when as many as are wanted answer and each can
 * decide logins.
 * @param serving of each worker that answers
 */
export function crewReadiness(serving: readonly Readiness[], wanted: number): Readiness {
  const backends = new Map<string, boolean>();
  for (const own of serving)
    for (const { name, isReady } of own.backends) backends.set(name, isReady && (backends.get(name) ?? true));
  return {
    isReady: serving.length >= wanted && serving.every((own) => own.isReady),
    isDegraded: serving.some((own) => own.isDegraded),
    backends: [...backends].map(([name, isReady]) => ({ name, isReady })),
    workers: { wanted, ready: serving.filter((own) => own.isReady).length },
  };
}
