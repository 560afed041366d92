import type { ReportItem } from '../../analysis/report/report.ts';
import { mayNameSecret, splitSecretName } from '../../controller/secrets/secret-rights.ts';
import { secretReferences } from '../../envoy/secret-references.ts';
import type { Installation } from '../../install/installed.ts';
import { mergeValues } from '../../install/merge.ts';
import { secretNamespaces } from '../../install/render/rbac.ts';
import { installedNames } from '../../install/values.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { KubeClient } from '../../kube/client.ts';
import { inParallel } from '../../kube/in-parallel.ts';
import { gatewayNameLabel, listenersOf } from '../../model/gateway-api.ts';
import { gatewayWorkloads } from '../../model/gateway-workloads.ts';
import type { Mesh } from '../../model/mesh.ts';
import { workloadsSelected } from '../../model/selection.ts';
import type { Workload } from '../../model/workloads.ts';
import { routingTable, tableReads } from '../../translate/table.ts';
import { gatewayWorkload } from '../../translate/workload-identity.ts';
import { analyzeCluster } from '../cluster-source/analyze-cluster.ts';
import { ClusterSource, type ClusterSourceFlags } from '../cluster-source/cluster-source.ts';
import { item } from './checks.ts';

/** The control plane that is, or will be, there. */
export interface ControlPlane {
  /** Undefined: it is not there yet, and is taken to be installed with the default values. */
  installed: Installation | undefined;
  namespace: string;
  revision: string;
}

/**
 * WFT0022: gateways with certificates in namespaces whose Secrets the control plane may not read.
 *
 * @throws KubeError of reason Forbidden for users who may not ask what others may; CliError where nothing may be read
 */
export async function checkGatewaySecrets(client: KubeClient, flags: ClusterSourceFlags, controlPlane: ControlPlane): Promise<ReportItem[]> {
  const needed = await neededNamespaces(flags);
  if (needed.size === 0) return [];
  const { installed, namespace, revision } = controlPlane;
  const files = installed?.overrides === undefined ? [] : [{ name: 'values', text: installed.overrides }];
  const { values } = mergeValues({ files, set: [], namespace, revision });
  const account = { namespace, name: installedNames(revision).controller };
  const names = [...needed.keys()].sort();
  const isReadable = async (one: string): Promise<boolean> => {
    // What nobody has installed yet has no rights, and gets these.
    if (!installed) return secretNamespaces(values).includes(one);
    const allowed = await Promise.all(['list', 'watch'].map((verb) => client.canAccount(account, { verb, group: '', resource: 'secrets', namespace: one })));
    return allowed.every(Boolean);
  };
  const readable = await inParallel(names, isReadable);
  const unreadable = names.filter((_, index) => !readable[index]);
  const data = {
    account: `service account ${account.namespace}/${account.name}`,
    // A list that is given takes the place of the one before.
    secretNamespaces: [...new Set([...values.controller.secretNamespaces, ...unreadable])].sort(),
  };
  return unreadable.map((one) => item('WFT0022', `namespace ${one}`, { ...data, namespace: one, gateways: [...(needed.get(one) ?? [])].sort() }));
}

/** Namespaces of the Secrets that proxies of gateways ask for, with the Gateways by their names. */
async function neededNamespaces(flags: ClusterSourceFlags): Promise<Map<string, Set<string>>> {
  const needed = new Map<string, Set<string>>();
  const cluster = await ClusterSource.read(flags, { reads: new Set<string>(tableReads), templates: true, otherwise: '' });
  try {
    const { mesh } = await analyzeCluster(cluster, flags.istioNamespace, []);
    for (const [gateway, workloads] of gatewaysWithSecrets(mesh)) {
      for (const proxy of proxiesOf(mesh, workloads)) {
        for (const namespace of namespacesFor(mesh, proxy)) needed.set(namespace, (needed.get(namespace) ?? new Set()).add(gateway));
      }
    }
  } finally {
    cluster.close();
  }
  return needed;
}

/** Those that name one, with what runs them. */
function* gatewaysWithSecrets(mesh: Mesh): Generator<[name: string, workloads: readonly Workload[]]> {
  for (const gateway of mesh.list('Gateway')) {
    const names = (gateway.spec.servers ?? []).some((server) => server?.tls?.credentialName || (server?.tls?.credentialNames ?? []).length > 0);
    if (names) yield [gateway.friendlyName, gatewayWorkloads(mesh, gateway.spec.selector)];
  }
  for (const gateway of mesh.list('gateway-api/Gateway')) {
    const names = listenersOf(gateway).some(({ certificateRefs }) => certificateRefs.length > 0);
    if (names) yield [gateway.friendlyName, workloadsSelected(mesh, gateway.namespace, { [gatewayNameLabel]: gateway.name })];
  }
}

/** One of those that have the same. */
function proxiesOf(mesh: Mesh, workloads: readonly Workload[]): ProxyIdentity[] {
  const kinds = new Map(workloads.map(({ namespace, name, labels }) => [JSON.stringify([namespace, Object.entries(labels).sort()]), { namespace, name }]));
  return [...kinds.values()].flatMap(({ namespace, name }) => gatewayWorkload(mesh, namespace, name) ?? []);
}

function namespacesFor(mesh: Mesh, proxy: ProxyIdentity): Set<string> {
  const asked = secretReferences(routingTable(mesh, proxy)).map(({ secret }) => splitSecretName(secret));
  // What is not for the proxy is not read for it.
  return new Set(asked.filter((secret) => mayNameSecret(mesh, secret, proxy)).map(({ namespace }) => namespace));
}
