import type { Config } from '../config/config.ts';
import type { Door } from '../wire/http/exchange.ts';
import { BasicDoor } from '../wire/http/basic/basic-door.ts';
import { HeaderDoor } from '../wire/http/header/header-door.ts';
import { JsonDoor, type JsonDoorParts } from '../wire/http/json/json-door.ts';
import { NginxDoor } from '../wire/http/nginx/nginx-door.ts';
import type { Frame } from './frame.ts';
import { openMailHosts } from './mail-hosts.ts';

export interface LoginDoorsParts extends Pick<JsonDoorParts, 'callers' | 'decide' | 'listAccounts'> {
  readonly frame: Frame;
  readonly building: AsyncDisposableStack;
}

/** The doors that mail servers ask about logins, by their paths. */
export function openLoginDoors(config: Config, parts: LoginDoorsParts): readonly (readonly [string, Door])[] {
  const { frame, building, ...asked } = parts;
  const { events } = frame;
  const listDeadline = () => AbortSignal.timeout(config.list.deadlineMs);
  const json = new JsonDoor({ ...asked, ...config.answers, events, dovecot: config.dovecot, listDeadline });
  const byHeaders = { ...asked, events, names: config.requestHeaders };
  const mailHosts = openMailHosts(config, frame, building);
  const basicDoor = new BasicDoor({ ...byHeaders, basic: config.basic });
  return [
    ['/api/v1/auth/json', json],
    ['/api/v1/auth/header', new HeaderDoor({ ...byHeaders, ...config.answers, lists: json })],
    ['/api/v1/auth/nginx', new NginxDoor({ ...byHeaders, nginx: config.nginx, mailHosts })],
    ...(config.basic.isEnabled ? [['/api/v1/auth/basic', basicDoor] as const] : []),
  ];
}
