// `weft test --engine envoy` with policies: certificates and tokens are verified by a real Envoy.
import { expect, test } from 'vitest';
import { startEnvoy } from '../../src/cli/test/live/engines.ts';
import { runAccess } from '../route-tests/run-access.ts';
import { envoyProgram } from './envoy.ts';

const path = envoyProgram();

test.skipIf(path === undefined)('lets in and denies as the routing table says', async () => {
  const { failed, said, left, tried } = await runAccess('envoy', startEnvoy({ path: path as string, version: '' }));
  expect(failed).toEqual([]);
  expect(said).toEqual([]);
  expect(left).toEqual({ 'policies with the action CUSTOM ask services that are not here': 1 });
  expect(tried).toBe(23);
});
