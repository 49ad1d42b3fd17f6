/**
 * One connection of Postfix that looks keys up in the one map of a listener (tcp_table(5)): `get key` for each question, and a
 * line with a status and a text for the answer, both with bytes beyond the plain ones as percent and two hex digits.
 *
 * @module
 */
import { type Frames, LineFrames } from '../frames.ts';
import type { LineSession, Wire } from '../line-session.ts';
import { askMap } from '../maps/ask-map.ts';
import type { MapAnswer } from '../maps/map-look-up.ts';
import { decodePercent, encodePercent } from './percent.ts';

/** Lines of the protocol are at most this long, their ends included. */
const MAX_LINE_BYTES = 4096;

type Kind = 'found' | 'not-found' | 'temporary' | 'rejected';

export class TcpTableSession implements LineSession {
  readonly maxUnderWay = 1;
  readonly isGreeted = true;
  readonly isHalfway = false;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  openFrames(): Frames {
    return new LineFrames(MAX_LINE_BYTES - 1);
  }

  take(line: string): void {
    const space = line.indexOf(' ');
    const command = space < 0 ? line : line.slice(0, space);
    if (command === 'put') return this.#send('rejected', 500, 'keys cannot be changed');
    const key = command === 'get' ? decodePercent(line.slice(space + 1).replace(/\r$/, '')) : undefined;
    if (key === undefined) return this.#reject();
    const [map] = this.#wire.parts.maps.values();
    if (map === undefined) return this.#send('temporary', 400, 'there is no map here');
    askMap(this.#wire, map, key, (answer) => this.#answer(answer));
  }

  #reject(): void {
    const { events, name } = this.#wire.parts;
    events.lineRejected({ listener: name, door: 'tcp_table', error: 'a request is not of get and a key' });
    this.#send('rejected', 400, 'get and a key were expected');
  }

  #answer(answer: MapAnswer): void {
    switch (answer.kind) {
      case 'found':
        return this.#found(answer.value);
      case 'not-found':
        return this.#send('not-found', 500, 'not found');
      case 'temporary':
        return this.#send('temporary', 400, 'Temporary server problem, try again later');
    }
  }

  #found(value: string): void {
    if (encodePercent(value).length + '200 \n'.length > MAX_LINE_BYTES)
      this.#send('rejected', 400, 'the value is longer than a line');
    else this.#send('found', 200, value);
  }

  #send(kind: Kind, status: 200 | 400 | 500, text: string): void {
    this.#wire.parts.events.lineAnswered('tcp_table', kind);
    this.#wire.send(`${status} ${encodePercent(text)}\n`);
  }
}
