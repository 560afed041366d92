import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultServerOptions } from '../src/proxy/http1/server-options.ts';
import { idleFrames, streamResets } from '../src/proxy/http2/flood-guard.ts';
import { defaultLimits } from '../src/proxy/http2/session.ts';
import { mostClientHelloBytes } from '../src/proxy/tcp/client-hello.ts';
import { defaultHandshakeMs } from '../src/proxy/tls/termination.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/proxy-limits.md'), 'utf8');
const tests = ['limits', 'tls/abuse'].map((name) => readFileSync(join(import.meta.dirname, `proxy/${name}.test.ts`), 'utf8')).join('\n');

/** Name and the other cells of each line of a table. */
const rows = new Map(
  [...page.matchAll(/^\| (.+) \|$/gm)]
    .map(([, line = '']) => line.split('|').map((cell) => cell.trim()))
    .filter(([name]) => name !== 'Limit' && !name?.startsWith('---'))
    .map(([name = '', ...cells]) => [name, cells]),
);
/** The beginning of a row's name, and what its default is. */
const defaultOf = (beginning: string): string | undefined => [...rows].find(([name]) => name.startsWith(beginning))?.[1][0];

const thousands = (count: number): string => count.toLocaleString('en');

describe('docs/proxy-limits.md', () => {
  it('says what the code does', () => {
    expect(defaultOf('a head, from')).toBe(`${defaultServerOptions.headersTimeoutMs / 1000} s`);
    expect(defaultOf('a client owes')).toBe(`${defaultServerOptions.stallTimeoutMs / 60_000} min`);
    expect(defaultOf('a client takes')).toBe(`${defaultServerOptions.stallTimeoutMs / 60_000} min`);
    expect(defaultOf('a body that its endpoint')).toMatch(`${defaultServerOptions.heldTimeoutMs / 3_600_000} h;`);
    expect(defaultOf('a connection without a request')).toBe(`${defaultServerOptions.idleTimeoutMs / 3_600_000} h`);
    expect(defaultOf('request line and headers')).toBe(`${defaultServerOptions.maxHeadBytes / 1024} KiB`);
    expect(defaultOf('header fields')).toBe(`${defaultServerOptions.maxHeaders}`);
    expect(defaultOf('headers of a request')).toBe(`${defaultLimits.maxHeaderBytes / 1024} KiB, ${defaultLimits.maxHeaders} fields`);
    expect(defaultOf('streams that the client resets')).toBe(`${thousands(streamResets.burst)} at once, ${streamResets.perSecond} a second`);
    expect(defaultOf('a ClientHello that began')).toBe(`${defaultHandshakeMs / 1000} s`);
    expect(defaultOf('a handshake')).toBe(`${defaultHandshakeMs / 1000} s`);
    expect(rows.get('a ClientHello')?.[0]).toBe(`${mostClientHelloBytes / 1024} KiB`);
    expect(defaultOf('frames that carry nothing')).toBe(`${thousands(idleFrames.burst)} at once, ${thousands(idleFrames.perSecond)} a second`);
  });

  it('names tests that there are', () => {
    const named = [...rows.values()].flatMap((cells) => cells[3] || []);
    expect(named.length).toBeGreaterThan(15);
    for (const name of named) for (const part of name.split(/[,;] /)) expect(tests, name).toContain(part);
  });
});
