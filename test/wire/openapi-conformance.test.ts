import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { REQUEST_FIELDS } from '../../src/wire/http/json/request-fields.ts';
import { OPERATIONS } from '../../src/wire/http/openapi/operations.ts';
import { checkAnswer } from './openapi/answer-check.ts';
import { DescribedServices } from './openapi/described-services.ts';
import { asObject, checkDocument, type Json } from './openapi/document-check.ts';
import { COMMON, type Produced, produce, SAMPLES, type Sample } from './openapi/samples.ts';

interface DescribedOperation {
  readonly path: string;
  readonly method: string;
  readonly operation: Json;
  readonly id: string;
  readonly sample: Sample | undefined;
}

function operationsOf(document: Json): readonly DescribedOperation[] {
  return Object.entries(asObject(document['paths'], 'paths')).flatMap(([path, item]) =>
    Object.entries(item as Json).map(([name, described]) => {
      const operation = asObject(described, path);
      const id = String(operation['operationId']);
      const method = name.toUpperCase();
      const base = id.replace(/By(Get|Head|Post|Delete)$/, '');
      return { path, method, operation, id, sample: SAMPLES[id] ?? SAMPLES[base] };
    }),
  );
}

/** What is to be sent for a status: what the sample says, and else what is the same everywhere. */
function waysTo(status: string, { status: good, others = {}, ...rest }: Sample): readonly Produced[] {
  const own = others[status] ?? (status === String(good) ? [] : COMMON[status]);
  const isGood: readonly Produced[] = status === String(good) ? [{}] : [];
  const ways = own === undefined ? (status === '429' ? [{}] : []) : [own].flat();
  return [...isGood, ...ways].map((way) => ({ ...rest, ...way, headers: { ...rest.headers, ...way.headers } }));
}

describe('the description of the interface', { timeout: 120_000 }, () => {
  let services: DescribedServices;
  let document: Json;
  before(async () => {
    services = await DescribedServices.start();
    const { body } = await services.ask('whole', { method: 'GET', path: '/api/v1/openapi.json' });
    document = JSON.parse(body) as Json;
  });
  after(() => services[Symbol.asyncDispose]());

  it('is OpenAPI 3.1', () => checkDocument(document));

  it('is the same in YAML', async () => {
    const { body, status } = await services.ask('whole', { method: 'GET', path: '/api/v1/openapi.yaml' });
    assert.equal(status, 200);
    assert.deepEqual(parse(body), document);
  });

  it('holds every door that is there, and no other', () => {
    const described = Object.keys(asObject(document['paths'], 'paths')).map((path) => path.replace(/\{[^}]*\}$/, '*'));

    assert.deepEqual([...described].sort(), [...services.paths].sort());
    const dead = Object.keys(OPERATIONS).filter((path) => !services.paths.includes(path));
    assert.deepEqual(dead, [], 'described, and not served where all doors are open');
  });

  it('has a sample for every operation, and none for others', () => {
    const operations = operationsOf(document);
    assert.deepEqual(
      operations.filter(({ sample }) => sample === undefined).map(({ id }) => id),
      [],
    );
    const used = new Set(operations.map(({ sample }) => sample));
    assert.deepEqual(
      Object.keys(SAMPLES).filter((id) => !used.has(SAMPLES[id])),
      [],
    );
  });

  it('says of every answer how it comes', async () => {
    const wrong: string[] = [];
    for (const described of operationsOf(document)) wrong.push(...(await faultsOf(described)));

    assert.deepEqual(wrong, []);
  });

  /** Produces every answer of an operation; gives what was not produced, or is not as described. */
  async function faultsOf({ path, method, operation, id, sample }: DescribedOperation): Promise<readonly string[]> {
    const faults: string[] = [];
    if (sample === undefined) return [`${id}: no sample`];
    for (const status of Object.keys(asObject(operation['responses'], id))) {
      const ways = waysTo(status, sample);
      if (ways.length === 0) faults.push(`${id} ${status}: not produced`);
      for (const way of ways) {
        const where = `${id} ${status} ${way.query ?? ''} ${way.of ?? ''}`;
        const answer = await produce(services, status, sent({ path, method, ...way }));
        const isMeant =
          status === 'default'
            ? !(answer.status in asObject(operation['responses'], id))
            : String(answer.status) === status;
        if (!isMeant) faults.push(`${where}: came as ${answer.status} ${answer.body.slice(0, 200)}`);
        else {
          try {
            checkAnswer(document, operation, answer, method);
          } catch (cause) {
            faults.push(`${where}: ${(cause as Error).message}`);
          }
        }
      }
    }
    return faults;
  }

  it('names the methods that are served, and others are told so', async () => {
    for (const [path, item] of Object.entries(asObject(document['paths'], 'paths'))) {
      const [first] = operationsOf({ paths: { [path]: item } });
      const query = first?.id.startsWith('askPolicy') ? '?command=ping' : '?mode=list-accounts';
      const asked = { path: path.replace(/\{.*\}/, 'x'), query, method: 'PUT' };
      const { status, headers } = await services.ask('whole', asked);
      assert.equal(status, 405, path);
      const allowed = (headers['allow'] ?? '').split(', ').sort();
      assert.deepEqual(
        allowed,
        Object.keys(item as Json)
          .map((name) => name.toUpperCase())
          .sort(),
        path,
      );
    }
  });

  it('has the limits that fields are checked by', async () => {
    for (const [name, { longest }] of Object.entries(REQUEST_FIELDS)) {
      const good = { username: 'alice@example.test', password: 'alice-pw' };
      const body = JSON.stringify({ ...good, [name]: 'x'.repeat(longest + 1) });
      const answer = await services.ask('whole', { body });
      assert.equal(answer.status, 400, name);
      assert.match(answer.body, new RegExp(`"${name}: must not be longer than ${longest} characters"`));
    }
    const { components } = document as { components: { schemas: { Question: { properties: Json } } } };
    const limits = Object.entries(components.schemas.Question.properties).map(([name, schema]) => [
      name,
      (schema as Json)['maxLength'],
    ]);
    assert.deepEqual(
      limits,
      Object.entries(REQUEST_FIELDS).map(([name, { longest }]) => [name, longest]),
    );
  });

  it('is for callers, whatever their scopes, and tells nothing that is secret', async () => {
    const without = await services.ask('whole', {
      method: 'GET',
      path: '/api/v1/openapi.json',
      headers: { Authorization: undefined },
    });
    assert.equal(without.status, 401);
    assert.doesNotMatch(JSON.stringify(document), /SSHA256|a caller secret|alice|127\.0\.0\.1|passwd/);
  });
});

/** A body tells how long it is. */
function sent(parts: Produced): Produced {
  const { body, method, headers } = parts;
  if (body === undefined || method === 'POST') return parts;
  return { ...parts, headers: { 'Content-Length': String(body.length), ...headers } };
}
