import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, proxyCore, start } from '../processes.ts';
import { hosts, type Peer, policies, routePath } from './peer.ts';

/** HAProxy with one thread; what has no equal there (ejection by responses) is as near as it gets. */
export function haproxyPeer(program: string): Peer {
  return {
    name: 'HAProxy',
    http2: true,
    start: async ({ routes, accessLog, backend, folder, port }) => {
      const [stats] = await freePorts(1);
      const map = join(folder, `haproxy-${port}.map`);
      const lines: string[] = [];
      for (let n = 0; n < routes; n++) lines.push(`${hosts.http1}${routePath(n)} app`, `${hosts.http2}${routePath(n)} app2`);
      writeFileSync(map, `${lines.join('\n')}\n`);
      const servers = (ports: readonly number[], options: string): string =>
        ports.map((p, n) => `  server s${n} 127.0.0.1:${p} ${options} check inter 10s observe layer7 error-limit 5 on-error mark-down maxconn 1000`).join('\n');
      const config = `
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  balance leastconn
  http-reuse always
  option http-keep-alive
  option redispatch
  retries ${policies.attempts}
  retry-on conn-failure empty-response
  timeout connect 10s
  timeout client 3600s
  timeout server ${policies.timeoutSeconds}s
  timeout queue 10s
  timeout http-keep-alive 3600s
${accessLog ? '  log stdout format raw local0\n  option httplog' : ''}
frontend metrics
  bind 127.0.0.1:${stats}
  no log
  stats enable
  stats uri /stats
frontend main
  bind 127.0.0.1:${port}
  http-request set-header x-request-id %[uuid()] unless { req.hdr(x-request-id) -m found }
  http-request set-header x-forwarded-proto http
  http-request set-header x-envoy-attempt-count 1
  use_backend %[base,lower,map_beg(${map},none)]
backend app
${servers(backend.http1, '')}
backend app2
${servers(backend.http2, 'proto h2')}
backend none
  http-request deny deny_status 404
`;
      const file = join(folder, `haproxy-${port}.cfg`);
      writeFileSync(file, config);
      return start('HAProxy', [program, '-db', '-f', file], { core: proxyCore, log: join(folder, `haproxy-${port}.log`), port });
    },
  };
}
