import { policies } from '../proxy/peers/peer.ts';
import { serviceIdentity, serviceName } from './around.ts';
import type { Certificates } from './certificates.ts';

/** A gateway that takes mTLS only, and speaks mTLS to its service. @param service its port on this machine */
export function manifests(port: number, service: number, { roots, proxy }: Certificates, requestsPerConnection: number): object[] {
  const of = (apiVersion: string, kind: string, name: string, spec: object): object => ({ apiVersion, kind, metadata: { name, namespace: 'bench' }, spec });
  const { certificate, key } = proxy;
  return [
    of('networking.istio.io/v1', 'Gateway', 'edge', {
      selector: { app: 'edge' },
      servers: [
        {
          port: { number: port, name: 'https', protocol: 'HTTPS' },
          tls: { mode: 'MUTUAL', serverCertificate: certificate, privateKey: key, caCertificates: roots },
          hosts: ['*'],
        },
      ],
    }),
    of('networking.istio.io/v1', 'ServiceEntry', 'app', {
      hosts: [serviceName],
      location: 'MESH_EXTERNAL',
      resolution: 'STATIC',
      ports: [{ number: 443, name: 'http', protocol: 'HTTP' }],
      endpoints: [{ address: '127.0.0.1', ports: { http: service } }],
    }),
    of('networking.istio.io/v1', 'DestinationRule', 'app', {
      host: serviceName,
      trafficPolicy: {
        connectionPool: {
          tcp: { maxConnections: policies.maxConnections },
          http: {
            http1MaxPendingRequests: policies.maxPendingRequests,
            http2MaxRequests: policies.maxRequests,
            maxRequestsPerConnection: requestsPerConnection,
          },
        },
        outlierDetection: {
          consecutive5xxErrors: policies.consecutive5xx,
          interval: `${policies.intervalSeconds}s`,
          baseEjectionTime: `${policies.ejectionSeconds}s`,
          maxEjectionPercent: policies.maxEjectionPercent,
        },
        tls: { mode: 'MUTUAL', clientCertificate: certificate, privateKey: key, caCertificates: roots, sni: serviceName, subjectAltNames: [serviceIdentity] },
      },
    }),
    of('networking.istio.io/v1', 'VirtualService', 'app', {
      hosts: [serviceName],
      gateways: ['edge'],
      http: [
        {
          route: [{ destination: { host: serviceName, port: { number: 443 } } }],
          timeout: `${policies.timeoutSeconds}s`,
          retries: { attempts: policies.attempts, perTryTimeout: `${policies.perTryTimeoutSeconds}s`, retryOn: policies.retryOn },
        },
      ],
    }),
  ];
}
