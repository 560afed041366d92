// Requests that try to get around policies: the embedded engine and the real Envoy, with the same configuration, do the same with each,
// and what is denied reaches nobody.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyProgram } from './envoy.ts';
import { differences } from './hostile-requests/differences.ts';
import { type HostilePlace, type Outcome, startHostile } from './hostile-requests/place.ts';
import { policies } from './hostile-requests/policies.ts';
import { http2Requests, requests } from './hostile-requests/requests.ts';

const envoy = envoyProgram();

/** Denied, and not passed on; or passed on, and by nobody's rule denied. */
function expectConsistent({ status, details, got }: Outcome): void {
  if (details.includes('rbac_access_denied')) expect([status, got]).toEqual([403, []]);
  if (got.length === 0) return;
  const [line = '', ...headers] = got;
  const [method, target] = line.split(' ');
  expect(method).not.toBe('DELETE');
  const path = (target ?? '').replace(/\?.*/s, '');
  expect(path).not.toBe('/exact');
  expect(path === '/admin' || path.startsWith('/admin/')).toBe(false);
  expect(headers.filter((header) => header.toLowerCase() === 'host: secret.example')).toEqual([]);
  expect(headers.filter((header) => header.startsWith('host: '))).toHaveLength(1);
  expect(
    headers.filter((header) => /^x-(?:forwarded-client-cert|envoy-(?:internal|retry-on|max-retries|upstream-(?:rq|alt)|force-trace))/.test(header)),
  ).toEqual([]);
}

/** Words for what cannot be read differ; who denied does not. */
function withoutText({ status, details, got }: Outcome): object {
  return { status, got, policy: /policy\[[^\]]*\]-rule\[\d+\]/.exec(details)?.[0] ?? '' };
}

describe.runIf(envoy !== undefined)('requests that try to get around policies', () => {
  let places: HostilePlace[] = [];
  beforeAll(async () => {
    const engines = [[], ['--engine', 'envoy', '--envoy-path', String(envoy)]];
    places = await Promise.all(engines.map((engine) => startHostile(engine, policies)));
  }, 240_000);
  afterAll(() => Promise.all(places.map((place) => place.close())));

  const both = async (name: string, send: (place: HostilePlace) => Promise<Outcome>): Promise<void> => {
    const [ours, theirs] = (await Promise.all(places.map(send))) as [Outcome, Outcome];
    expectConsistent(ours);
    const known = differences.find((one) => one.requests.includes(name));
    expect([name, ours.status]).toEqual([name, known?.status ?? theirs.status]);
    if (known) expect(withoutText(ours)).not.toEqual(withoutText(theirs));
    else expect(withoutText(ours)).toEqual(withoutText(theirs));
  };

  it.each(requests)('SEC-R27: %s', (name, bytes) => both(name, (place) => place.send(bytes)));

  it.each(http2Requests)('SEC-R27: over HTTP/2, %s', (name, headers) => both(`HTTP/2 ${name}`, (place) => place.sendHttp2(headers)));
});
