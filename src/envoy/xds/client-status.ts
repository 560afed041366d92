// What a control plane says of the proxies that are connected to it, as Envoy's status service (CSDS) has it.
import type { JsonObject } from '../json.ts';
import type { XdsNode, XdsVariant } from './view.ts';

export type SyncState =
  /** The proxy has acknowledged what there is. */
  | 'SYNCED'
  /** Something is on its way, or waits for what comes before it. */
  | 'STALE'
  /** Nothing was sent. */
  | 'NOT_SENT'
  /** The proxy has refused something, and goes on with what it had. */
  | 'ERROR';

export interface TypeStatus {
  typeUrl: string;
  state: SyncState;
  /** Of the set that the proxy has acknowledged, by content; empty: none on this connection. */
  version: string;
  /** Of its last answer, in milliseconds since the epoch; undefined: it has given none. */
  answeredAt: number | undefined;
  refusal: { text: string; time: number; version: string } | undefined;
}

/** One proxy on one connection. */
export interface ClientStatus {
  node: XdsNode;
  variant: XdsVariant;
  /** In the order in which they are sent. */
  types: TypeStatus[];
}

const clientStates: Readonly<Record<SyncState, string>> = { SYNCED: 'ACKED', STALE: 'REQUESTED', NOT_SENT: 'REQUESTED', ERROR: 'NACKED' };

const timestamp = (time: number): string => new Date(time).toISOString();

/** As an envoy.service.status.v3.ClientStatusResponse: of each type one entry, for all of its resources. */
export function clientStatusResponse(clients: readonly ClientStatus[]): JsonObject {
  return { config: clients.map(clientConfig) };
}

function clientConfig({ node, variant, types }: ClientStatus): JsonObject {
  const { id, cluster, locality, metadata, userAgent } = node;
  const [name = '', version] = userAgent.split('/');
  return {
    node: {
      id,
      cluster,
      locality: { region: locality.region, zone: locality.zone, sub_zone: locality.subzone },
      metadata: metadata as JsonObject,
      user_agent_name: name,
      user_agent_version: version,
    },
    client_scope: variant,
    generic_xds_configs: types.map(({ typeUrl, state, version, answeredAt, refusal }) => ({
      type_url: typeUrl,
      version_info: version,
      last_updated: answeredAt === undefined ? undefined : timestamp(answeredAt),
      config_status: state,
      client_status: clientStates[state],
      error_state: refusal && { details: refusal.text, last_update_attempt: timestamp(refusal.time), version_info: refusal.version },
    })),
  };
}

interface ClientConfigJson {
  node?: {
    id?: string;
    cluster?: string;
    locality?: { region?: string; zone?: string; sub_zone?: string };
    metadata?: Record<string, unknown>;
    user_agent_name?: string;
    user_agent_version?: string;
  };
  client_scope?: string;
  generic_xds_configs?: {
    type_url?: string;
    version_info?: string;
    last_updated?: string;
    config_status?: SyncState;
    error_state?: { details?: string; last_update_attempt?: string; version_info?: string };
  }[];
}

/** The inverse. */
export function clientStatuses(response: JsonObject): ClientStatus[] {
  const { config = [] } = response as { config?: ClientConfigJson[] };
  return config.map(({ node = {}, client_scope, generic_xds_configs = [] }) => ({
    node: {
      id: node.id ?? '',
      cluster: node.cluster ?? '',
      locality: { region: node.locality?.region ?? '', zone: node.locality?.zone ?? '', subzone: node.locality?.sub_zone ?? '' },
      metadata: node.metadata ?? {},
      userAgent: [node.user_agent_name ?? '', node.user_agent_version].filter((part) => part !== undefined).join('/'),
    },
    variant: client_scope === 'sotw' ? 'sotw' : 'delta',
    types: generic_xds_configs.map(({ type_url = '', version_info = '', last_updated, config_status = 'NOT_SENT', error_state }) => ({
      typeUrl: type_url,
      state: config_status,
      version: version_info,
      answeredAt: last_updated === undefined ? undefined : Date.parse(last_updated),
      refusal: error_state && {
        text: error_state.details ?? '',
        time: Date.parse(error_state.last_update_attempt ?? ''),
        version: error_state.version_info ?? '',
      },
    })),
  }));
}
