import { message } from '../message.ts';

interface Unverified {
  rule: string;
  namespace: string;
  mode: string;
  host: string;
}

const unverified = ({ rule, namespace, mode, host }: Unverified): string =>
  `destination rule ${rule} (namespace ${namespace}) uses TLS mode ${mode} to ${host} without caCertificates`;
const unverifiedHelp = 'set caCertificates to the file of the CA that signs the server certificate';

/** IST0128 */
export const IST0128 = message<Unverified>({
  name: 'NoServerCertificateVerificationDestinationLevel',
  level: 'Warning',
  summary: 'TLS to a host names no CA for its certificate',
  text: unverified,
  help: unverifiedHelp,
});

/** IST0129 */
export const IST0129 = message<Unverified & { port: number | undefined }>({
  name: 'NoServerCertificateVerificationPortLevel',
  level: 'Warning',
  summary: 'TLS to a port of a host names no CA for its certificate',
  text: (data) => `${unverified(data)}${data.port === undefined ? '' : ` on port number ${data.port}`}`,
  help: unverifiedHelp,
});

/** IST0173 */
export const IST0173 = message<{ subset: string; labels: string }>({
  name: 'DestinationRuleSubsetNotSelectPods',
  level: 'Error',
  summary: 'no pod has the labels of a subset',
  text: ({ subset, labels }) => `subset ${subset} selects no pods${labels === '' ? '' : ` (none has the labels ${labels})`}, so requests to it get 503`,
  help: 'correct the labels of the subset, or remove it and what routes to it',
  effect: 'requests routed to the subset get 503 (no healthy upstream), a share of them where the route has weights',
  aliases: ['KIA0203'],
});

/** IST0174 */
export const IST0174 = message<{ host: string }>({
  name: 'UnknownDestinationRuleHost',
  level: 'Warning',
  summary: 'no service has the host of a destination rule',
  text: ({ host }) => `no service of the mesh has host ${host === '' ? '""' : host} of this destination rule`,
  help: 'correct the host, or add the Service or ServiceEntry',
  effect: 'the rule applies to nothing',
  aliases: ['KIA0202'],
});
