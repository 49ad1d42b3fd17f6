import { BLOCK_OPERATIONS, BRUTEFORCE_LIST_OPERATIONS } from '../admin/block-operations.ts';
import { EXPLAIN_OPERATIONS, EXPLAIN_PAST_OPERATIONS } from '../admin/explain-operations.ts';
import {
  BRUTEFORCE_FLUSH_LATER_OPERATIONS,
  BRUTEFORCE_FLUSH_OPERATIONS,
  CACHE_FLUSH_LATER_OPERATIONS,
  CACHE_FLUSH_OPERATIONS,
  JOB_OPERATIONS,
} from '../admin/flush-operations.ts';
import { BASIC_OPERATIONS } from '../basic/basic-operations.ts';
import { CBOR_OPERATIONS } from '../cbor/cbor-operations.ts';
import { HEADER_OPERATIONS } from '../header/header-operations.ts';
import { LIVE_OPERATIONS, METRICS_OPERATIONS, READY_OPERATIONS } from '../health-operations.ts';
import { JSON_OPERATIONS } from '../json/json-operations.ts';
import { MAIL_HOSTS_OPERATIONS } from '../admin/mail-hosts-operations.ts';
import { NGINX_OPERATIONS } from '../nginx/nginx-operations.ts';
import { SASLAUTHD_OPERATIONS } from '../saslauthd/saslauthd-operations.ts';
import { ROOT_OPERATIONS, WFORCE_OPERATIONS } from '../wforce/wforce-operations.ts';
import type { Operations } from './operation.ts';

/** What can be asked at all doors, by the paths that they are served at. */
export const OPERATIONS: Operations = {
  '/api/v1/auth/json': JSON_OPERATIONS,
  '/api/v1/auth/cbor': CBOR_OPERATIONS,
  '/api/v1/auth/header': HEADER_OPERATIONS,
  '/api/v1/auth/nginx': NGINX_OPERATIONS,
  '/api/v1/auth/basic': BASIC_OPERATIONS,
  '/api/v1/auth/saslauthd': SASLAUTHD_OPERATIONS,
  '/api/v1/auth/wforce': WFORCE_OPERATIONS,
  '/': ROOT_OPERATIONS,
  '/api/v1/cache/flush': CACHE_FLUSH_OPERATIONS,
  '/api/v1/cache/flush/async': CACHE_FLUSH_LATER_OPERATIONS,
  '/api/v1/bruteforce/list': BRUTEFORCE_LIST_OPERATIONS,
  '/api/v1/bruteforce/flush': BRUTEFORCE_FLUSH_OPERATIONS,
  '/api/v1/bruteforce/flush/async': BRUTEFORCE_FLUSH_LATER_OPERATIONS,
  '/api/v1/async/jobs/*': JOB_OPERATIONS,
  '/api/v1/block': BLOCK_OPERATIONS,
  '/api/v1/explain': EXPLAIN_OPERATIONS,
  '/api/v1/explain/*': EXPLAIN_PAST_OPERATIONS,
  '/api/v1/mail-hosts': MAIL_HOSTS_OPERATIONS,
  '/healthz/live': LIVE_OPERATIONS,
  '/healthz/ready': READY_OPERATIONS,
  '/metrics': METRICS_OPERATIONS,
};
