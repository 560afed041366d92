// What to say when a value breaks a CEL rule. Words follow the path of the value: `spec.http[0].timeout has to be …`.

const fullPath = 'an Exact or PathPrefix path';

export interface Words {
  text: string;
  /** The field of the value that is wrong or missing, where it is one. */
  field?: string;
}

const about = (field: string, text: string): Words => ({ text, field });

/** Rules in the CRDs' own spelling. */
const words: Readonly<Record<string, string | Words>> = {
  // Istio
  "duration(self) >= duration('1ms')": 'has to be a duration of 1ms or more, such as 10s or 1m30s',
  '0 < self && self <= 65535': 'has to be a port from 1 to 65535',
  '!self.contains("*")': 'must not contain *: labels are compared as they are',
  'self.size() == 0': 'has to be left out: the target is in the same namespace',
  'self.all(key, !key.contains("*"))': 'must not have * in a key: labels are compared as they are',
  'self.all(key, key.size() != 0)': 'must not have an empty key',
  'self.startsWith("unix://") ? (self.substring(7, 8) == "/" || self.substring(7, 8) == "@") : true':
    'has to name an absolute path (unix:///path) or an abstract socket (unix://@name)',
  'self.startsWith("unix://") ? !self.endsWith("/") : true': 'has to name a socket, not a folder: take away the / at the end',
  'self.all(key, size(key) < 63 && key.matches("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"))':
    'must have names of ports as keys: up to 62 letters, digits and hyphens, with a letter or digit at both ends',
  '(has(self.address) ? self.address : "").startsWith("unix://") ? !has(self.ports) : true': about(
    'ports',
    'must not have ports, because its address is a Unix domain socket',
  ),
  'has(self.address) || has(self.network)': about('address', 'has to have an address, or a network whose gateway leads to it'),
  'url(self).getScheme() in ["http", "https"]': 'has to be a URL that starts with http:// or https://',
  'self != "*"': 'must not be *: name the hosts, for example *.example.com',
  '!((has(self.addresses) ? self.addresses : []).exists(k, k.contains("/")) && !((has(self.resolution) ? self.resolution : "NONE") in ["STATIC", "NONE"]))':
    about('addresses', 'may have an address range such as 10.0.0.0/8 only with resolution STATIC or NONE'),
  '((has(self.resolution) ? self.resolution : "NONE") == "NONE") ? !has(self.endpoints) : true': about(
    'endpoints',
    'must not have endpoints with resolution NONE, which sends each connection to the address it was made for',
  ),
  '((has(self.resolution) ? self.resolution : "") == "DNS_ROUND_ROBIN") ? ((has(self.endpoints) ? self.endpoints : []).size() <= 1) : true': about(
    'endpoints',
    'may have at most one endpoint with resolution DNS_ROUND_ROBIN',
  ),
  'self in ["", "HTTP", "HTTPS"]': 'has to be HTTP or HTTPS',
  '(has(self.serviceAccounts) || has(self.notServiceAccounts)) ? (!has(self.principals) && !has(self.notPrincipals) && !has(self.namespaces) && !has(self.notNamespaces)) : true':
    about('serviceAccounts', 'must not have principals or namespaces beside serviceAccounts, which tell both'),
  'self.all(key, 0 < int(key) && int(key) <= 65535)': 'must have ports from 1 to 65535 as keys',
  'has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? self.selector.matchLabels : {}).size() > 0) : true': about(
    'portLevelMtls',
    'may have portLevelMtls only with a selector that has matchLabels',
  ),
  '((has(self.operation) ? self.operation : "") == "UPSERT") ? (self.value != "") : true': about(
    'value',
    'has to have a value, because its operation is UPSERT',
  ),
  '((has(self.operation) ? self.operation : "") == "REMOVE") ? !has(self.value) : true': about(
    'value',
    'must not have a value, because its operation is REMOVE',
  ),
  'isURL(self) ? (url(self).getScheme() in ["", "http", "https", "oci", "file"]) : (isURL("http://" + self) && url("http://" + self).getScheme() in ["", "http", "https", "oci", "file"])':
    'has to be a URL that starts with oci://, https://, http:// or file://, or an image without a scheme',
  '(has(self.valueFrom) ? self.valueFrom : "") != "HOST" || !has(self.value)': about(
    'value',
    'must not have a value, because valueFrom: HOST takes it from the environment of the proxy',
  ),

  // Gateway API
  "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)": 'must not have tls on a listener of protocol HTTP, TCP or UDP',
  "self.all(l, (l.protocol == 'HTTPS' && has(l.tls)) ? (l.tls.mode == '' || l.tls.mode == 'Terminate') : true)":
    'has to have tls.mode Terminate on a listener of protocol HTTPS',
  "self.all(l, l.protocol in ['TCP', 'UDP'] ? (!has(l.hostname) || l.hostname == '') : true)": 'must not have a hostname on a listener of protocol TCP or UDP',
  'self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname) && has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))':
    'must not have two listeners of the same port, protocol and hostname',
  "self.mode == 'Terminate' ? size(self.certificateRefs) > 0 || size(self.options) > 0 : true": about(
    'certificateRefs',
    'has to have certificateRefs (or options), because its mode is Terminate',
  ),
  "self.all(a1, a1.type == 'IPAddress' && has(a1.value) ? self.exists_one(a2, a2.type == a1.type && has(a2.value) && a2.value == a1.value) : true )":
    'must not have the same IP address twice',
  "self.all(a1, a1.type == 'Hostname' && has(a1.value) ? self.exists_one(a2, a2.type == a1.type && has(a2.value) && a2.value == a1.value) : true )":
    'must not have the same hostname twice',
  'self.type == \'Hostname\' ? (!has(self.value) || self.value.matches(r"""^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$""")): true':
    about('value', 'has to have a DNS name in lower case as its value, because its type is Hostname'),
  'self.all(key, key.matches(r"""^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$"""))':
    'must have keys such as name or example.com/name, the name of up to 63 letters, digits, - _ and .',
  'self.all(key, key.split("/")[0].size() < 253)': 'must not have a key whose part before the / is longer than 252 characters',
  "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true": about('port', 'has to have a port, because it refers to a Service'),
  'self.all(l1, !has(l1.name) || self.exists_one(l2, has(l2.name) && l1.name == l2.name))': 'must not have two rules of one name',
  '!(has(self.percent) && has(self.fraction))': about('fraction', 'may have only one of percent and fraction'),
  'self.numerator <= self.denominator': about('numerator', 'must not be more than the whole: the numerator is above the denominator'),
  'has(self.type) ? has(self.service) || has(self.method) : true': 'has to have a service, a method, or both',
  '(!has(self.type) || self.type == \'Exact\') && has(self.service) ? self.service.matches(r"""^(?i)\\.?[a-z_][a-z_0-9]*(\\.[a-z_][a-z_0-9]*)*$"""): true':
    about('service', 'has to have a gRPC service name such as package.Service'),
  '(!has(self.type) || self.type == \'Exact\') && has(self.method) ? self.method.matches(r"""^[A-Za-z_][A-Za-z_0-9]*$"""): true': about(
    'method',
    'has to have a gRPC method name: letters, digits and _',
  ),
  "!has(self.cookieConfig) || !has(self.cookieConfig.lifetimeType) || self.cookieConfig.lifetimeType != 'Permanent' || has(self.absoluteTimeout)": about(
    'absoluteTimeout',
    'has to have an absoluteTimeout, because its cookie is Permanent',
  ),
  '(has(self.backendRefs) && size(self.backendRefs) > 0) ? (!has(self.filters) || self.filters.all(f, !has(f.requestRedirect))): true': about(
    'backendRefs',
    'must not have backendRefs beside a RequestRedirect filter, which answers every request itself',
  ),
  "(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true": about('value', `has to have a value that starts with /, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('//') : true": about('value', `must not have // in its value, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('/./') : true": about('value', `must not have /./ in its value, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('/../') : true": about('value', `must not have /../ in its value, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('%2f') : true": about('value', `must not have %2f in its value, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('%2F') : true": about('value', `must not have %2F in its value, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('#') : true": about('value', `must not have # in its value, as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.endsWith('/..') : true": about('value', `must not end in /.. as ${fullPath}`),
  "(self.type in ['Exact','PathPrefix']) ? !self.value.endsWith('/.') : true": about('value', `must not end in /. as ${fullPath}`),
  "self.type in ['Exact','PathPrefix'] || self.type == 'RegularExpression'": about('type', 'has to be of type Exact, PathPrefix or RegularExpression'),
  '(self.type in [\'Exact\',\'PathPrefix\']) ? self.value.matches(r"""^(?:[-A-Za-z0-9/._~!$&\'()*+,;=:@]|[%][0-9a-fA-F]{2})+$""") : true': about(
    'value',
    `may have only characters of a URL path in its value, others as %XX, as ${fullPath}`,
  ),
  "!(has(self.request) && has(self.backendRequest) && duration(self.request) != duration('0s') && duration(self.backendRequest) > duration(self.request))":
    about('backendRequest', 'must not have a backendRequest timeout above the request timeout, which ends it'),
  "!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))":
    'may have a RequestRedirect filter or a URLRewrite filter, but not both',
  "!('*' in self && self.size() > 1)": 'must not have other methods beside *, which is all of them',
  '!(has(self.caCertificateRefs) && size(self.caCertificateRefs) > 0 && has(self.wellKnownCACertificates) && self.wellKnownCACertificates != "")': about(
    'wellKnownCACertificates',
    'may have only one of caCertificateRefs and wellKnownCACertificates',
  ),
  '(has(self.caCertificateRefs) && size(self.caCertificateRefs) > 0 || has(self.wellKnownCACertificates) && self.wellKnownCACertificates != "")':
    'has to have caCertificateRefs or wellKnownCACertificates',
};

/** Families of rules, told apart by how they are spelt; the blanks are names of fields and values. */
const families: readonly (readonly [RegExp, (...blanks: string[]) => string | Words])[] = [
  [/^!\(has\(self\.(\w+)\) && self\.type != '(\w+)'\)$/, (field, type) => about(field, `may have ${field} only with type ${type}`)],
  [/^!\(!has\(self\.(\w+)\) && self\.type == '(\w+)'\)$/, (field, type) => about(field, `has to have ${field}, because its type is ${type}`)],
  [/^self\.(\w+) == '(\w+)' \? has\(self\.(\w+)\) : true$/, (key, value, field) => about(field, `has to have ${field}, because its ${key} is ${value}`)],
  [/^has\(self\.(\w+)\) \? self\.(\w+) == '(\w+)' : true$/, (field, key, value) => about(field, `may have ${field} only with ${key} ${value}`)],
  [/^self\.filter\(f, f\.type == '(\w+)'\)\.size\(\) <= 1$/, (type) => `must not have two ${type} filters`],
  [/^!\(self\.type == "(\w+)" && \(!has\(self\.(\w+)\)/, (type, field) => about(field, `has to have ${field}, because its type is ${type}`)],
  [/^!\(self\.type != "(\w+)" && has\(self\.(\w+)\)/, (type, field) => about(field, `may have ${field} only with type ${type}`)],
  [/^\(self\.size\(\) > 0 \? .*<= 128$/, () => 'must not have more than 128 matches in all rules together'],
  [/^self\.all\(p1, self\.all\(p2, .*p1\.port/, () => 'has to tell parentRefs of the same parent apart by sectionName or port'],
  [/^self\.all\(p1, self\.exists_one\(p2, .*p1\.port/, () => 'must not have the same parent with the same sectionName and port twice'],
  [/^self\.all\(p1, self\.all\(p2, /, () => 'has to tell targetRefs of the same target apart by sectionName'],
  [/^self\.all\(p1, self\.exists_one\(p2, /, () => 'must not have the same target with the same sectionName twice'],
  [
    /exists_one\(f, has\(f\.(requestRedirect|urlRewrite)\).*'ReplacePrefixMatch'/,
    (filter) => about('matches', `has to have exactly one match, and that of type PathPrefix, because a ${filter} filter replaces the prefix`),
  ],
];

/** @throws for a rule that nobody has written words for */
export function wordsFor(rule: string): Words {
  const match = families.map(([pattern, say]) => [pattern.exec(rule), say] as const).find(([found]) => found);
  const found = words[rule] ?? match?.[1](...((match[0] as RegExpExecArray).slice(1) as string[]));
  if (found === undefined) throw new Error(`scripts/schemas/words.ts has no words for the rule ${rule}`);
  return typeof found === 'string' ? { text: found } : found;
}
