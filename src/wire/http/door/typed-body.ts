import type { Problem } from '../answer.ts';
import type { WholeExchange } from '../exchange.ts';

/** The one type of body that a door reads. */
export interface BodyType {
  readonly name: string;
  /** Matches it with parameters and in other letters, too. */
  readonly pattern: RegExp;
}

/**
 * Reads the body of a request where it is of a type, and hands its bytes on; what is wrong with it is answered here. A body of
 * which no type is said is taken for one. What `then` throws ends the exchange.
 * @param caller whom the log names where the body is rejected
 */
export function readTypedBody(
  exchange: WholeExchange,
  type: BodyType,
  caller: string | undefined,
  then: (bytes: Buffer) => void,
): void {
  const unsupported = unsupportedBody(exchange, type);
  if (unsupported !== undefined) return exchange.reject(unsupported, caller);
  exchange.readBody((body) => {
    try {
      // What came too late has its answer already.
      if (exchange.isAnswered) return;
      if (body.kind === 'body') then(body.bytes);
      else exchange.reject({ status: 413, error: 'the body must not be larger than 64 KiB' }, caller);
    } catch (cause) {
      exchange.fail(cause);
    }
  });
}

function unsupportedBody({ headers }: WholeExchange, { name, pattern }: BodyType): Problem | undefined {
  const type = headers['content-type'];
  if (type !== undefined && type !== name && !pattern.test(type))
    return { status: 415, error: `the body must be ${name}`, headers: ['Accept', name] };
  const coding = headers['content-encoding'];
  if (coding === undefined || coding.toLowerCase() === 'identity') return undefined;
  return { status: 415, error: 'the body must not be compressed', headers: ['Accept-Encoding', 'identity'] };
}
