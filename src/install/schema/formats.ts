// Forms of the texts among the values.
import { parseDuration } from '../../manifest/duration.ts';
import { isCidr, isIpv4, isIpv6 } from '../../manifest/ip.ts';
import { parseYaml, YamlError } from '../../manifest/yaml.ts';
import { formats as kubernetesFormats } from '../../schema/structure/formats.ts';
import type { Format } from './types.ts';

const pattern = (name: string, ...patterns: RegExp[]): Format => ({ name, holds: (text) => patterns.every((one) => one.test(text)) });

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';

/** The longest name with a revision is that of the Service, `weft-controller-REVISION`, and has 63 letters. */
const maxRevision = 63 - 'weft-controller-'.length;

export const revision = pattern(
  `a DNS label in lower case of up to ${maxRevision} letters, digits and hyphens, such as canary or 1-28`,
  new RegExp(`^${label}$`),
  new RegExp(`^.{1,${maxRevision}}$`),
);

export const dnsLabel = pattern('a DNS label in lower case: up to 63 letters, digits and hyphens', new RegExp(`^${label}$`), /^.{1,63}$/);

/** Names of Services begin with a letter. The autoscaler, the ServiceAccount and labels have it, too. */
export const serviceName = pattern(
  'a name of a Service: up to 63 lower-case letters, digits and hyphens, the first a letter',
  /^[a-z]/,
  ...[new RegExp(`^${label}$`), /^.{1,63}$/],
);

export const dnsName = pattern('a domain name in lower case, such as cluster.local', new RegExp(`^${label}(?:\\.${label})*$`), /^.{1,253}$/);

export const secretName = pattern('the name of a Secret', new RegExp(`^${label}(?:\\.${label})*$`), /^.{1,253}$/);

const hubPart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';

export const hub = pattern(
  'a registry and a path in lower case without the name of the image, such as registry.example.com:5000/mesh (empty: none)',
  new RegExp(`^$|^(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?(?::\\d{1,5})?)(?:/${hubPart})*$`),
);

export const imageName = pattern('the name of an image in lower case, such as weft', new RegExp(`^${hubPart}(?:/${hubPart})*$`));

export const imageTag = pattern(
  'a tag of up to 128 letters, digits, dots, _ and -, with @sha256:DIGEST after it where the image is fixed',
  /^$|^\w[\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?$/,
);

const quantityPattern = (kubernetesFormats.quantity as { pattern: RegExp }).pattern;

export const quantity: Format = { name: 'a quantity such as 500m or 1Gi', holds: (text) => quantityPattern.test(text) && !text.startsWith('-') };

const qualified = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/;

export const qualifiedName = pattern('a name such as team or example.com/team, of up to 63 letters, digits, - _ and . after the slash', qualified);

export const labelValue = pattern(
  'a value of a label: up to 63 letters, digits, - _ and ., with a letter or digit at both ends',
  /^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/,
);

export const environmentName = pattern('a name of an environment variable: letters, digits, _ - and ., the first no digit', /^[-._a-zA-Z][-._a-zA-Z0-9]*$/);

const parts = (text: string): string[] => text.split(',').map((part) => part.trim());

/** `*`, or ranges separated by commas; empty for none. */
export const cidrList: Format = {
  name: '* or IP ranges separated by commas, such as 10.0.0.0/8,fd00::/8 (empty: none)',
  holds: (text) => text === '' || text === '*' || parts(text).every(isCidr),
};

export const plainCidrList: Format = {
  name: 'IP ranges separated by commas, such as 10.0.0.0/8,fd00::/8 (empty: none)',
  holds: (text) => text === '' || parts(text).every(isCidr),
};

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;

export const portList: Format = {
  name: '* or ports from 1 to 65535 separated by commas, such as 22,9090 (empty: none)',
  holds: (text) => text === '' || text === '*' || parts(text).every(isPort),
};

export const plainPortList: Format = {
  name: 'ports from 1 to 65535 separated by commas, such as 22,9090 (empty: none)',
  holds: (text) => text === '' || parts(text).every(isPort),
};

export const ipAddress: Format = { name: 'an IP address', holds: (text) => isIpv4(text) || isIpv6(text) };

export const portName = pattern(
  'a name of a port: up to 15 lower-case letters, digits and hyphens, one of them a letter',
  new RegExp(`^${label}$`),
  /^.{1,15}$/,
  /[a-z]/,
);

export const duration: Format = { name: 'a duration of a second or more, such as 24h', holds: (text) => (parseDuration(text) ?? 0) >= 1e9 };

export const clusterId = pattern('a name of a cluster: letters, digits, - _ . : and /', /^[\w.:/-]{1,253}$/);

export const meshId = pattern('a name of a mesh: letters, digits, - _ . : and / (empty: the trust domain)', /^[\w.:/-]{0,253}$/);

/** A patch of a pod. */
export const podPatch: Format = {
  name: 'a patch of a pod in YAML: a map with metadata, spec, or both',
  holds: (text) => {
    try {
      const { value } = parseYaml(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).every((key) => key === 'metadata' || key === 'spec');
    } catch (error) {
      if (error instanceof YamlError) return false;
      throw error;
    }
  },
};

const exponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/** A quantity as a number, to compare two of them. */
export function quantityValue(text: string): number {
  const match = /^([+-]?[\d.]+)(?:([KMGTPE])i|([numkMGTPE]?)|[eE]([+-]?\d+))$/.exec(text);
  if (!match) return Number.NaN;
  const [, digits, binary, decimal = '', exponent] = match;
  if (binary !== undefined) return Number(digits) * 1024 ** ('KMGTPE'.indexOf(binary) + 1);
  return Number(digits) * 10 ** (exponent === undefined ? (exponents[decimal] as number) : Number(exponent));
}
