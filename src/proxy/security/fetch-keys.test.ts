import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { keySet, keys } from '../../../test/jwt/keys.ts';
import { fetchKeysWith, type RemoteSource } from './fetch-keys.ts';
import { trustedRoots } from './trusted-roots.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An issuer, with what it answers by path. */
async function issuer(answer: (address: string, ...rest: Parameters<RequestListener>) => void): Promise<string> {
  const server = createServer((...rest) => answer(address, ...rest));
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return address;
}

const fetchKeys = fetchKeysWith(trustedRoots());
const remote = (uri: string, timeoutMs = 2000): RemoteSource => ({ kind: 'remote', uri, timeoutMs });
const discovery = (of: string, timeoutMs = 2000): RemoteSource => ({ kind: 'discovery', issuer: of, timeoutMs });
const published = keySet({ ...keys.p256.jwk, kid: 'a' });

async function outcome(source: RemoteSource): Promise<string> {
  try {
    return (await fetchKeys(source, new AbortController().signal)).keys.map(({ kid }) => kid).join(' ');
  } catch (error) {
    return (error as Error).message.replace(/:\d{4,5}(?=\D)/g, ':PORT');
  }
}

describe('keys by their address', () => {
  it.each([
    ['as they are', published, {}, 'a'],
    ['with any type', published, { 'content-type': 'text/html' }, 'a'],
    ['not from a page', '<html>Sign in</html>', {}, 'the key set of http://127.0.0.1:PORT/keys is no JSON object, or one that can be read in two ways'],
    ['not from another document', '{"issuer":"x"}', {}, 'the key set of http://127.0.0.1:PORT/keys has no key that can verify a signature'],
    ['not from nothing', '', {}, 'the key set of http://127.0.0.1:PORT/keys is no JSON object, or one that can be read in two ways'],
    ['not from an empty set', '{"keys":[]}', {}, 'the key set of http://127.0.0.1:PORT/keys has no key that can verify a signature'],
    ['not from too much', `${' '.repeat(600_000)}${published}`, {}, 'http://127.0.0.1:PORT/keys answers with more than 524288 bytes'],
  ])('%s', async (_, body, headers, expected) => {
    const address = await issuer((_own, _request, response) => response.writeHead(200, headers).end(body));
    expect(await outcome(remote(`${address}/keys`))).toBe(expected);
  });
});

describe('keys by discovery', () => {
  const withDocument = (document: (address: string) => string): Promise<string> =>
    issuer((address, { url }, response) => {
      if (url === '/realm/.well-known/openid-configuration') response.end(document(address));
      else if (url === '/jwks') response.end(published);
      else response.writeHead(404).end();
    });

  it.each([
    ['of an issuer', '/realm'],
    ['of an issuer with a slash', '/realm/'],
  ])('%s', async (_, path) => {
    const address = await withDocument((own) => JSON.stringify({ jwks_uri: `${own}/jwks` }));
    expect(await outcome(discovery(`${address}${path}`))).toBe('a');
  });

  it.each([
    ['no document', '/other', () => '{}', 'http://127.0.0.1:PORT/other/.well-known/openid-configuration answers with status 404'],
    ['a document that is no JSON', '/realm', () => 'x', 'the discovery document of http://127.0.0.1:PORT/realm is no JSON'],
    ['a document that is null', '/realm', () => 'null', 'the discovery document of http://127.0.0.1:PORT/realm has no "jwks_uri"'],
    ['no address of keys', '/realm', () => '{"jwks_uri":5}', 'the discovery document of http://127.0.0.1:PORT/realm has no "jwks_uri"'],
    ['keys in a file', '/realm', () => '{"jwks_uri":"file:///etc/passwd"}', '"file:///etc/passwd" is no address with http:// or https://'],
    [
      'keys in the metadata of a cloud',
      '/realm',
      () => '{"jwks_uri":"http://169.254.169.254/x"}',
      'http://169.254.169.254/x has a link-local address, or one of the metadata of a cloud, which is not asked',
    ],
  ])('%s', async (_, path, document, expected) => {
    expect(await outcome(discovery(`${await withDocument(document)}${path}`))).toBe(expected);
  });

  it('of an issuer that is no address', async () => {
    expect(await outcome(discovery('accounts'))).toBe('"accounts/.well-known/openid-configuration" is no address with http:// or https://');
  });
});

it('each request has its time', async () => {
  const address = await issuer(() => {});
  expect(await outcome(remote(`${address}/keys`, 30))).toBe('http://127.0.0.1:PORT/keys does not answer within 30 ms');
});
