import type { Config } from '../../../config/config.ts';
import type { LineListenerConfig } from '../../../wire/line/line-config.ts';
import type { LineProtocol } from '../../../wire/line/line-session.ts';
import { CommandError } from '../../command-io.ts';

/**
 * The listener of a protocol by its name, or the only one; `undefined` where there is none and none was named.
 * @throws {CommandError} where it cannot be told which
 */
export function chooseLineListener(
  { lineListeners }: Pick<Config, 'lineListeners'>,
  protocol: LineProtocol,
  name: string | undefined,
): LineListenerConfig | undefined {
  const all = lineListeners.filter((one) => one.protocol === protocol);
  if (name === undefined && all.length <= 1) return all[0];
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name).join(', ');
  const what = name === undefined ? 'several listeners' : `no listener ${name}`;
  throw new CommandError(`there are ${what} for ${protocol} in line_listeners; there are ${names || 'none'}`, 2);
}

/** @throws {CommandError} where it is only known when the service runs */
export function portOf(name: string, port: number): number {
  if (port !== 0) return port;
  throw new CommandError(`the listener ${name} has port 0, which is another each time: give it a port`, 2);
}
