import type { Config } from '../config/config.ts';
import type { Policy } from '../decision/policy/policy.ts';
import type { Door } from '../wire/http/exchange.ts';
import { BasicDoor } from '../wire/http/basic/basic-door.ts';
import { CborDoor } from '../wire/http/cbor/cbor-door.ts';
import { HeaderDoor } from '../wire/http/header/header-door.ts';
import { JsonDoor, type JsonDoorParts } from '../wire/http/json/json-door.ts';
import { NginxDoor } from '../wire/http/nginx/nginx-door.ts';
import { SaslauthdDoor } from '../wire/http/saslauthd/saslauthd-door.ts';
import { WforceDoor } from '../wire/http/wforce/wforce-door.ts';
import { wforceOrders } from '../wire/http/wforce/wforce-orders.ts';
import type { MailHosts } from '../wire/mail-hosts/mail-hosts.ts';
import type { Frame } from './frame.ts';
import type { Operating } from './operating.ts';

export interface LoginDoorsParts extends Pick<JsonDoorParts, 'callers' | 'decide' | 'listAccounts'> {
  readonly mailHosts: MailHosts;
  readonly frame: Frame;
  readonly policy: Policy;
  readonly operating: Pick<Operating, 'book' | 'flush'>;
}

/** The doors that mail servers ask about logins, by their paths. */
export function openLoginDoors(config: Config, parts: LoginDoorsParts): readonly (readonly [string, Door])[] {
  const { frame, mailHosts, policy, operating, ...asked } = parts;
  const { events } = frame;
  const listDeadline = () => AbortSignal.timeout(config.list.deadlineMs);
  const json = new JsonDoor({ ...asked, ...config.answers, events, dovecot: config.dovecot, listDeadline });
  const byHeaders = { ...asked, events, names: config.requestHeaders };
  const basicDoor = new BasicDoor({ decide: asked.decide, events, basic: config.basic });
  const wforce = new WforceDoor({
    callers: parts.callers,
    policy,
    events,
    message: config.wforce.message,
    orders: wforceOrders({ ...operating, events }),
  });
  return [
    // Dovecot's setting takes a URL without a path, too.
    ['/', wforce],
    ['/api/v1/auth/wforce', wforce],
    ['/api/v1/auth/json', json],
    ['/api/v1/auth/cbor', new CborDoor({ ...asked, ...config.answers, events, listDeadline })],
    ['/api/v1/auth/header', new HeaderDoor({ ...byHeaders, ...config.answers, lists: json })],
    ['/api/v1/auth/nginx', new NginxDoor({ ...byHeaders, nginx: config.nginx, mailHosts })],
    ['/api/v1/auth/saslauthd', new SaslauthdDoor({ ...asked, events })],
    ...(config.basic.isEnabled ? [['/api/v1/auth/basic', basicDoor] as const] : []),
  ];
}
