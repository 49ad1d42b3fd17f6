import type { FuzzTarget } from './fuzz-target.ts';
import { BODY_TARGETS } from './targets/bodies.ts';
import { FORWARDED } from './targets/forwarded.ts';
import { HEADER_TARGETS } from './targets/headers.ts';
import { LINE_TARGETS } from './targets/lines.ts';
import { REQUEST_HEADS } from './targets/request-heads.ts';
import { STORED_TARGETS } from './targets/stored.ts';
import { PROXY_HEADERS } from './targets/proxy-headers.ts';

/** All that anybody may send, or has written into files and directories. */
export const TARGETS: readonly FuzzTarget[] = [
  ...BODY_TARGETS,
  ...HEADER_TARGETS,
  ...LINE_TARGETS,
  PROXY_HEADERS,
  FORWARDED,
  REQUEST_HEADS,
  ...STORED_TARGETS,
];
