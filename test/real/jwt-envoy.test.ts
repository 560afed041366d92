// Tokens in the embedded proxy and in the real Envoy: the same answers, and the same requests for the service.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jwtFilter } from '../../src/envoy/listeners/jwt-authn.ts';
import { seeded } from '../../src/proxy/core/balance/testing.ts';
import { asBearer, tokenCases } from '../jwt/cases.ts';
import { type ConfigurationName, configurations } from '../jwt/configurations.ts';
import { TokenEnvoy } from '../jwt/envoy.ts';
import { TokenProxy } from '../jwt/ours.ts';
import type { TokenOutcome, TokenRequest } from '../jwt/outcome.ts';
import { acceptedHere, otherText, queries, refusedHere } from '../jwt/stricter.ts';
import { good } from '../jwt/token.ts';
import { envoyProgram } from './envoy.ts';

const program = envoyProgram();

describe.skipIf(program === undefined)('tokens', () => {
  const ours = new Map(Object.entries(configurations).map(([name, authentication]) => [name, new TokenProxy(authentication)]));
  let envoy: TokenEnvoy;

  beforeAll(async () => {
    const filters = Object.entries(configurations).flatMap(([name, one]) => jwtFilter(one, { meshTls: 'none' }).map((filter) => [name, filter] as const));
    envoy = await TokenEnvoy.start(program as string, new Map(filters));
  });

  afterAll(async () => {
    for (const proxy of ours.values()) proxy.close();
    await envoy?.stop();
  });

  async function both(configuration: ConfigurationName, request: TokenRequest): Promise<{ here: TokenOutcome; there: TokenOutcome }> {
    const [here, there] = await Promise.all([(ours.get(configuration) as TokenProxy).ask(request), envoy.ask(configuration, request)]);
    return { here, there };
  }

  it.each(tokenCases)('%s', async (_, configuration, request) => {
    const { here, there } = await both(configuration, request);
    expect(here).toEqual(there);
    // What was verified once is known; it makes no difference.
    expect(await (ours.get(configuration) as TokenProxy).ask(request)).toEqual(there);
  });

  it('whatever is changed in a token, both say the same of it', async () => {
    const random = seeded(7);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
    for (let run = 0; run < 300; run++) {
      const text = [...good({ groups: ['a', 'b'], org: { team: 'x' } })];
      for (let changes = Math.floor(random() * 3); changes >= 0; changes--) {
        const at = Math.floor(random() * text.length);
        const other = alphabet[Math.floor(random() * alphabet.length)] as string;
        text.splice(at, Math.floor(random() * 2), ...(random() < 0.5 ? [other] : []));
      }
      const { here, there } = await both('default', asBearer(text.join('')));
      expect([text.join(''), here.status, here.upstream]).toEqual([text.join(''), there.status, there.upstream]);
    }
  });

  it.each(refusedHere)('stricter than Envoy: %s', async (_, configuration, request, text) => {
    const { here, there } = await both(configuration, request);
    expect(there.status).toBe(200);
    expect(here).toMatchObject({ status: 401, body: text });
  });

  it.each(acceptedHere)('not as Envoy: %s', async (_, configuration, request) => {
    const { here, there } = await both(configuration, request);
    expect(there).toMatchObject({ status: 401, body: 'Jwt ED25519 signature is wrong length' });
    expect(here.status).toBe(200);
  });

  it.each(otherText)('refused with another text: %s', async (_, configuration, request, text) => {
    const { here, there } = await both(configuration, request);
    expect(there.status).toBe(401);
    expect(here).toMatchObject({ status: 401, body: text });
  });

  it.each(queries)('the rest of the query stays as it is: %#', async (path, atEnvoy, atOurs) => {
    const { here, there } = await both('default', { path: path(good()) });
    expect(there.upstream?.path).toBe(atEnvoy);
    expect(here.upstream?.path).toBe(atOurs);
  });
});
