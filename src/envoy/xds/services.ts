// The gRPC services of a control plane. Messages are bytes: who handles them reads and writes as much of them as is needed.
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

const bytes = (message: Buffer): Buffer => message;

function method(service: string, name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/${service}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

const discovery = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
const secrets = 'envoy.service.secret.v3.SecretDiscoveryService';
const status = 'envoy.service.status.v3.ClientStatusDiscoveryService';
const own = 'weft.controlplane.v1.ControlPlane';

export const discoveryService = {
  StreamAggregatedResources: method(discovery, 'StreamAggregatedResources', true, true),
  DeltaAggregatedResources: method(discovery, 'DeltaAggregatedResources', true, true),
} satisfies ServiceDefinition;

/** Of the agent beside an Envoy. */
export const secretService = {
  StreamSecrets: method(secrets, 'StreamSecrets', true, true),
} satisfies ServiceDefinition;

export const statusService = {
  FetchClientStatus: method(status, 'FetchClientStatus', false, false),
  StreamClientStatus: method(status, 'StreamClientStatus', true, true),
} satisfies ServiceDefinition;

/** Of weft: requests and answers are JSON, see control-plane-api.ts. */
export const controlPlaneService = {
  About: method(own, 'About', false, false),
  Distribution: method(own, 'Distribution', false, false),
} satisfies ServiceDefinition;

export const statusMessages = { request: 'envoy.service.status.v3.ClientStatusRequest', response: 'envoy.service.status.v3.ClientStatusResponse' };
