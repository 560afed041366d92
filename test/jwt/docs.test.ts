import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failures } from '../../src/proxy/core/jwt/failure.ts';
import { tableOf } from '../proxy/support.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/jwt.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text as string);

describe('docs/jwt.md', () => {
  it.each(Object.values(failures).map(({ status, text }) => [status, text] as const))('tells of %d %s', (status, text) => {
    expect(page.split('\n').find((line) => line.includes(`\`${text}\``))).toMatch(new RegExp(`^\\| ${status} `));
  });

  it('has rules that are rules', async () => {
    const web = `
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: cart } }
spec: { containers: [{ name: app, image: app }] }
---
`;
    const { security, statuses } = await tableOf(web + blocks[0], [], undefined, { labels: { app: 'cart' } });
    expect(statuses).toEqual([]);
    expect(security?.authentication?.providers).toMatchObject([
      { keys: { kind: 'remote', uri: 'https://accounts.example.com/keys' }, audiences: ['shop'], claimHeaders: [{ header: 'x-user', claim: 'sub' }] },
      { keys: { kind: 'discovery', issuer: 'https://partners.example.com' }, headers: [{ name: 'x-partner-token', prefix: '' }] },
    ]);
    expect(security?.authorization?.http.allow).toHaveLength(1);
  });
});
