import type { Wire } from '../line-session.ts';
import type { MapAnswer, MapLookUps } from './map-look-up.ts';

const TEMPORARY: MapAnswer = { kind: 'temporary' };

/** Has a map answer, by `reply`, at once or later. One request at a time: answers come in the order of requests. */
export function askMap(wire: Wire, map: MapLookUps, key: string, reply: (answer: MapAnswer) => void): void {
  const { work, events, name } = wire.parts;
  if (work.isFull) return reply(TEMPORARY);
  const answer = map.look(key, name);
  if (!(answer instanceof Promise)) return reply(answer);
  work.begin();
  wire.begin();
  void answer
    .catch((cause: unknown) => {
      events.requestFailed('', cause);
      return TEMPORARY;
    })
    .then(reply)
    .finally(() => {
      work.end();
      wire.end();
    });
}
