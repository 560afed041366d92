// Where Envoy gets certificates from that are not in its configuration.
import { defined, type JsonObject } from './json.ts';

/**
 * A secret of the agent beside the proxy: `default`, the certificate of the workload; `ROOTCA`, the roots that those of its peers are
 * signed by; `file-cert:CERTIFICATE~KEY` and `file-root:FILE`, which it reads again when they change.
 */
export function agentSecret(name: string): JsonObject {
  // Without certificates of the mesh there is nothing to serve. A file may be missing, and then only what is for it is not served.
  const waitedFor = !name.startsWith('file-');
  return {
    name,
    sds_config: defined({
      api_config_source: {
        api_type: 'GRPC',
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
      },
      initial_fetch_timeout: waitedFor ? '0s' : undefined,
      resource_api_version: 'V3',
    }),
  };
}

/** A secret that the control plane reads: `kubernetes://<name>`. It is not waited for without an end: its name may be wrong. */
export function controlPlaneSecret(credential: string): JsonObject {
  const name = /^[a-z]+:\/\//.test(credential) ? credential : `kubernetes://${credential}`;
  return { name, sds_config: { ads: {}, resource_api_version: 'V3' } };
}
