import { join } from 'node:path';
import { node, root } from '../../measure.ts';
import { proxyCore, start } from '../processes.ts';
import { hosts, type Peer } from './peer.ts';

/** What anyone would write first: node:http and a pool of undici. It has timeouts, and no other policy. */
export const naivePeer: Peer = {
  name: 'node:http + undici',
  http2: false,
  start: ({ routes, accessLog, backend, folder, port }) => {
    const options = { port, routes, host: hosts.http1, endpoints: backend.http1 };
    const log = accessLog ? join(folder, `naive-${port}-access.log`) : '';
    const env = { NAIVE_OPTIONS: JSON.stringify({ ...options, accessLog: log }) };
    return start('node:http + undici', [node, join(root, 'bench/proxy/peers/naive-server.ts')], {
      core: proxyCore,
      log: join(folder, `naive-${port}.log`),
      port,
      env,
    });
  },
};
