import type { Config } from '../config/config.ts';
import type { Door } from '../wire/http/exchange.ts';
import { HeaderDoor } from '../wire/http/header/header-door.ts';
import { JsonDoor, type JsonDoorParts } from '../wire/http/json/json-door.ts';

export type LoginDoorsParts = Pick<JsonDoorParts, 'callers' | 'decide' | 'listAccounts' | 'events'>;

/** The doors that mail servers ask about logins, by their paths. */
export function openLoginDoors(config: Config, parts: LoginDoorsParts): readonly (readonly [string, Door])[] {
  const listDeadline = () => AbortSignal.timeout(config.list.deadlineMs);
  const json = new JsonDoor({ ...parts, ...config.answers, dovecot: config.dovecot, listDeadline });
  const asked = { ...parts, names: config.requestHeaders };
  return [
    ['/api/v1/auth/json', json],
    ['/api/v1/auth/header', new HeaderDoor({ ...asked, ...config.answers, lists: json })],
  ];
}
