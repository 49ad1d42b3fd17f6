/**
 * One connection of Postfix that looks keys up in maps by name (socketmap_table(5)): a netstring `name key` for each question,
 * and one with the answer.
 *
 * @module
 */
import type { Frames } from '../frames.ts';
import type { LineSession, Wire } from '../line-session.ts';
import { askMap } from '../maps/ask-map.ts';
import type { MapAnswer } from '../maps/map-look-up.ts';
import { NetstringFrames, renderNetstring } from './netstring.ts';

const MAX_REQUEST_BYTES = 4096;
/** What Postfix takes without `socketmap_max_reply_size` set. */
const MAX_REPLY_BYTES = 100_000;

export class SocketmapSession implements LineSession {
  readonly maxUnderWay = 1;
  readonly isGreeted = true;
  readonly isHalfway = false;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  openFrames(): Frames {
    return new NetstringFrames(MAX_REQUEST_BYTES);
  }

  take(request: string): void {
    const space = request.indexOf(' ');
    if (space < 1) return this.#wire.fail('a request is not of a name, a space and a key');
    const name = request.slice(0, space);
    const map = this.#wire.parts.maps.get(name);
    if (map === undefined) return this.#refuse();
    askMap(this.#wire, map, request.slice(space + 1), (answer) => this.#answer(answer));
  }

  /** Not what the map is called: it came from the other side. */
  #refuse(): void {
    const { events, name } = this.#wire.parts;
    events.lineRejected({ listener: name, door: 'socketmap', error: 'there is no map of this name for this listener' });
    this.#send('rejected', 'PERM no such map');
  }

  #answer(answer: MapAnswer): void {
    switch (answer.kind) {
      case 'found': {
        const reply = `OK ${answer.value}`;
        return reply.length > MAX_REPLY_BYTES ? this.#send('rejected', TOO_LONG) : this.#send('found', reply);
      }
      case 'not-found':
        return this.#send('not-found', 'NOTFOUND ');
      case 'temporary':
        return this.#send('temporary', 'TEMP Temporary server problem, try again later');
    }
  }

  #send(answer: 'found' | 'not-found' | 'temporary' | 'rejected', reply: string): void {
    this.#wire.parts.events.lineAnswered('socketmap', answer);
    this.#wire.send(renderNetstring(reply));
  }
}

const TOO_LONG = 'PERM the value is longer than Postfix takes';
