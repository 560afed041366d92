import { message } from '../message.ts';

/** What `weft x precheck` says of a cluster before an installation. */
export const precheckMessages = {
  /** IST0141 */
  IST0141: message<{ right: string }>({
    name: 'InsufficientPermissions',
    level: 'Error',
    summary: 'you may not make what an installation makes',
    text: ({ right }) => `you may not ${right}, which an installation needs`,
    help: 'ask an administrator of the cluster for this right, or let them install',
  }),
  /** IST0142 */
  IST0142: message<{ version: string; minimum: string }>({
    name: 'UnsupportedKubernetesVersion',
    level: 'Error',
    summary: 'the version of Kubernetes is too old',
    text: ({ version, minimum }) => `the cluster is Kubernetes ${version}, and weft needs ${minimum} or newer`,
    help: 'upgrade the cluster first',
  }),
  /** IST0156 */
  IST0156: message<{ version: string; minimum: string }>({
    name: 'UnsupportedGatewayAPIVersion',
    level: 'Error',
    summary: 'the definitions of the Gateway API are too old',
    text: ({ version, minimum }) => `the definitions of the Gateway API are of version ${version}, and weft reads ${minimum} and newer`,
    help: 'install newer definitions: resources of the Gateway API are not seen as they are',
  }),
  WFT0020: message<{ revision: string; from: string; to: string; isOlder: boolean }>({
    name: 'UpgradeNotPossible',
    level: 'Error',
    summary: 'this version of weft cannot take the place of the installed one',
    text: ({ revision, from, to, isOlder }) =>
      isOlder ? `revision ${revision} is weft ${from}, which is newer than ${to}` : `from weft ${from} of revision ${revision} to ${to}, versions are skipped`,
    help: 'upgrade one minor version after the other, or install the new one beside it with --revision',
  }),
  WFT0021: message<{ revision: string; version: string }>({
    name: 'InstallationInterrupted',
    level: 'Warning',
    summary: 'an installation ended in the middle',
    text: ({ revision, version }) => `the installation of revision ${revision}${version === '' ? '' : ` (weft ${version})`} ended in the middle`,
    help: 'weft install again, with the same values, completes it',
  }),
  WFT0022: message<{ namespace: string; gateways: readonly string[]; account: string; secretNamespaces: readonly string[] }>({
    name: 'GatewaySecretsNotReadable',
    level: 'Warning',
    summary: 'the control plane may not read the certificates of gateways',
    text: ({ namespace, gateways, secretNamespaces }) =>
      `the control plane may not read the Secrets of namespace ${namespace}, where certificates of ${gateways.join(' and ')} are: ` +
      `install or upgrade with --set controller.secretNamespaces={${secretNamespaces.join(',')}}`,
    help: ({ account }) => `until then connections that need one fail; or let ${account} get, list and watch the Secrets there`,
  }),
};
