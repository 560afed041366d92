// Servers of keys that do what they should not.
import { execFile } from 'node:child_process';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { issueAuthority, issueServing } from '../../pki/issue.ts';
import { type FetchOptions, fetchText } from './fetch-text.ts';
import { trustedRoots } from './trusted-roots.ts';

const root = await issueAuthority('test', Date.now());
const { certificate: cert, key } = await issueServing(root, ['localhost'], Date.now());
const trusted = trustedRoots([root.certificate]);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.unstubAllEnvs();
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const http = async (answer: RequestListener): Promise<string> => `http://127.0.0.1:${await listening(createHttpServer(answer))}`;

const options: FetchOptions = { timeoutMs: 20_000, maxBytes: 1000, maxRedirects: 2, trusted: trustedRoots() };

async function problem(address: string, more: Partial<FetchOptions> = {}): Promise<string> {
  const error = await fetchText(address, { ...options, ...more }).catch((caught: Error) => caught);
  return error instanceof Error ? error.message.replace(/:\d{4,5}(?=\D)/g, ':PORT').replace(/:\d{4,5}$/, ':PORT') : `answered: ${error}`;
}

it('the body of an answer is its text, whatever its type', async () => {
  const address = await http((_, response) => response.setHeader('content-type', 'image/png').end('{"keys":["ä"]}'));
  expect(await fetchText(`${address}/keys`, options)).toBe('{"keys":["ä"]}');
});

describe('a server that', () => {
  it('is gone', async () => {
    const address = await http(() => {});
    for (const close of closers.splice(0)) close();
    expect(await problem(`${address}/keys`)).toMatch(/^http:\/\/127.0.0.1:PORT\/keys cannot be asked: connect ECONNREFUSED/);
  });

  it('has no name', async () => {
    expect(await problem('http://nobody.invalid/keys')).toMatch(/^http:\/\/nobody.invalid\/keys cannot be asked: /);
  });

  it('never answers', async () => {
    expect(await problem(`${await http(() => {})}/keys`, { timeoutMs: 50 })).toBe('http://127.0.0.1:PORT/keys does not answer within 50 ms');
  });

  it('takes connections, and says nothing', async () => {
    const server = createTcpServer(() => {});
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    expect(await problem(`https://127.0.0.1:${port}/`, { timeoutMs: 50 })).toBe('https://127.0.0.1:PORT/ does not answer within 50 ms');
  });

  it('answers byte by byte', async () => {
    const address = await http((_, response) => {
      response.write('{');
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    });
    const began = performance.now();
    expect(await problem(address, { timeoutMs: 100 })).toBe('http://127.0.0.1:PORT/ does not answer within 100 ms');
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('answers without end', async () => {
    let sent = 0;
    const address = await http((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1000))) sent++;
      };
      response.on('drain', more);
      more();
    });
    expect(await problem(address)).toBe('http://127.0.0.1:PORT/ answers with more than 1000 bytes');
    expect(sent).toBeLessThan(100_000);
  });

  it('says how much will come, and stops', async () => {
    const address = await http((_, response) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write('{}', () => response.destroy());
    });
    expect(await problem(address)).toMatch(/^http:\/\/127.0.0.1:PORT\/ cannot be asked: aborted/);
  });

  it.each([404, 500, 304, 199 + 200])('answers %d', async (status) => {
    expect(await problem(await http((_, response) => response.writeHead(status).end('secret')))).toBe(`http://127.0.0.1:PORT/ answers with status ${status}`);
  });

  it('compresses what nobody wanted to be compressed: it is no text', async () => {
    const address = await http((request, response) => response.end(String(request.headers['accept-encoding'])));
    expect(await fetchText(address, options)).toBe('identity');
  });
});

describe('redirects', () => {
  it('are followed, a few', async () => {
    const address = await http(({ url }, response) => (url === '/keys' ? response.end('keys') : response.writeHead(302, { location: '/keys' }).end()));
    expect(await fetchText(`${address}/old`, options)).toBe('keys');
  });

  it('are not followed for ever', async () => {
    let asked = 0;
    const address = await http((_, response) => {
      asked++;
      response.writeHead(307, { location: '/' }).end();
    });
    expect(await problem(address)).toBe('http://127.0.0.1:PORT/ redirects more than 2 times');
    expect(asked).toBe(3);
  });

  it.each([
    ['file:///etc/passwd', 'redirects to what is no address with http:// or https://'],
    ['http://169.254.169.254/latest', 'has a link-local address, or one of the metadata of a cloud, which is not asked'],
    ['http://[fe80::1]/', 'has a link-local address, or one of the metadata of a cloud, which is not asked'],
    ['http://[::ffff:169.254.169.254]/', 'has a link-local address, or one of the metadata of a cloud, which is not asked'],
  ])('are not followed to %s', async (location, expected) => {
    expect(await problem(await http((_, response) => response.writeHead(302, { location }).end()))).toContain(expected);
  });

  it('are not followed from https to http', async () => {
    const plain = await http((_, response) => response.end('keys'));
    const port = await listening(createHttpsServer({ key, cert }, (_, response) => response.writeHead(302, { location: plain }).end()));
    expect(await problem(`https://localhost:${port}/`, { trusted })).toBe('https://localhost:PORT/ redirects from https to http');
  });
});

describe('addresses that are none', () => {
  it.each(['', 'issuer', 'file:///etc/passwd', 'data:,x', 'ftp://x/'])('%j', async (address) => {
    expect(await problem(address)).toBe(`${JSON.stringify(address)} is no address with http:// or https://`);
  });

  it.each([
    ...['http://169.254.169.254/latest/meta-data', 'http://2852039166/', 'http://[fe80::1]/'],
    ...['http://[fd00:ec2::254]/latest', 'http://100.100.100.200/latest', 'http://192.0.0.192/'],
  ])('of the machine itself: %s', async (address) => {
    expect(await problem(address)).toContain('has a link-local address, or one of the metadata of a cloud, which is not asked');
  });
});

describe('TLS', () => {
  const server = (): Promise<number> => listening(createHttpsServer({ key, cert }, (_, response) => response.end('keys')));

  it('is for servers that somebody vouches for', async () => {
    expect(await fetchText(`https://localhost:${await server()}/`, { ...options, trusted })).toBe('keys');
  });

  it('is not for others, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await problem(`https://localhost:${await server()}/`)).toMatch(/^https:\/\/localhost:PORT\/ cannot be asked: (unable to|self-signed)/);
  });

  it('is not for servers of another name', async () => {
    expect(await problem(`https://127.0.0.1:${await server()}/`, { trusted })).toMatch(
      /^https:\/\/127.0.0.1:PORT\/ cannot be asked: Hostname\/IP does not match/,
    );
  });
});

it('no proxy of the environment is asked', async () => {
  const asked: string[] = [];
  const proxy = await http((request, response) => {
    asked.push(String(request.url));
    response.end('from the proxy');
  });
  const address = await http((_, response) => response.end('keys'));
  // Node reads it when it starts.
  const env = { ...process.env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: '' };
  const script = `
    import { get } from 'node:http';
    import { fetchText } from ${JSON.stringify(join(import.meta.dirname, 'fetch-text.ts'))};
    const options = { timeoutMs: 5000, maxBytes: 1000, maxRedirects: 0, trusted: () => { throw new Error() } };
    const usual = new Promise((done) => get('${address}', async (response) => done((await response.toArray()).join(''))));
    console.log(await fetchText('${address}', options), await usual);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script], { env });
  expect(stdout).toBe('keys from the proxy\n');
  expect(asked).toHaveLength(1);
}, 20_000);

it('secrets of an address are not told', async () => {
  const address = (await http((_, response) => response.writeHead(403).end())).replace('http://', 'http://user:hunter2@');
  const text = await problem(`${address}/keys?token=hunter3`);
  expect(text).toBe('http://127.0.0.1:PORT/keys answers with status 403');
});

it('it can be taken back', async () => {
  const abort = new AbortController();
  const answer = problem(await http(() => {}), { signal: abort.signal });
  abort.abort();
  expect(await answer).toMatch(/cannot be asked: This operation was aborted|was aborted/);
});
