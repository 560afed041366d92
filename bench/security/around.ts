// What is around the proxy: a service that asks for client certificates, and what makes mTLS of the plain text of wrk, which knows none.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxBeginning } from '../proxy/nginx.ts';
import { freePorts, otherCore, type Running, start } from '../proxy/processes.ts';
import { type Certificates, type Files, spiffeId } from './certificates.ts';

export interface Around {
  /** Plain text comes in here, mTLS to the proxy goes out. */
  entry: number;
  /** The service takes mTLS there. */
  service: number;
  process: Running;
}

export const serviceName = 'app.bench.example';

const own = ({ certificate, key }: Files, prefix: string): string => `${prefix}_certificate ${certificate}; ${prefix}_certificate_key ${key};`;

/** @param proxy its port */
export async function startAround(nginx: string, folder: string, certificates: Certificates, proxy: number): Promise<Around> {
  const [entry, service] = (await freePorts(2)) as [number, number];
  const { roots } = certificates;
  const config = `${nginxBeginning(folder)}  ssl_protocols TLSv1.3;
  upstream proxy { server 127.0.0.1:${proxy}; keepalive 64; keepalive_requests 1000000000; keepalive_time 24h; }
  server {
    listen 127.0.0.1:${entry} backlog=4096;
    location / {
      proxy_pass https://proxy;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host ${serviceName};
      proxy_ssl_server_name on;
      proxy_ssl_name ${serviceName};
      proxy_ssl_session_reuse off;
      ${own(certificates.client, 'proxy_ssl')}
    }
  }
  server {
    listen 127.0.0.1:${service} ssl backlog=4096;
    ${own(certificates.service, 'ssl')}
    ssl_client_certificate ${roots};
    ssl_verify_client on;
    ssl_session_tickets off;
    location / { return 200 "${'x'.repeat(100)}"; }
  }
}
`;
  const file = join(folder, `nginx-${proxy}.conf`);
  writeFileSync(file, config);
  const process = await start('nginx', [nginx, '-c', file, '-e', 'stderr'], { core: otherCore, log: join(folder, 'nginx.log'), port: entry });
  return { entry, service, process };
}

/** What the service shows. */
export const serviceIdentity = spiffeId('service');
