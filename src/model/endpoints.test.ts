import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { Endpoints, type ServiceEndpoint } from './endpoints.ts';
import { Services } from './services.ts';

const cart = (spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {${spec}}\n`;
const web = 'selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]';
const pod = (name: string, address: string, more = '', spec = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: cart, version: v1}}\nspec: {containers: [{name: a, ports: [{name: web, containerPort: 9000}]}]${spec}}\nstatus: {podIP: ${address}${more}}\n`;
const machine = (name: string, spec: string, meta = ''): string =>
  `apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: ${name}, namespace: shop${meta}}\nspec: {${spec}}\n`;
const entry = (spec: string, name = 'ext'): string =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: shop}\nspec: {hosts: [ext.example], ${spec}}\n`;
const http = 'ports: [{number: 80, name: http, protocol: HTTP}]';
const slice = (name: string, ports: string, endpoints: string, more = ''): string =>
  `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: ${name}, namespace: shop, labels: {kubernetes.io/service-name: cart}}\nports: [${ports}]\nendpoints: [${endpoints}]\n${more}`;

function at(documents: string[], host = 'cart.shop.svc.cluster.local', port = 0): readonly ServiceEndpoint[] {
  const mesh = meshOf(documents.join('---\n'));
  const [service] = Services.of(mesh).byHost(host);
  return service?.ports[port] ? Endpoints.of(mesh).at(service, service.ports[port]) : [];
}
const brief = (list: readonly ServiceEndpoint[]): string[] => list.map(({ address, port, weight }) => `${address}:${port}${weight === 1 ? '' : ` ${weight}`}`);

describe('endpoints of a Service', () => {
  it('MAP-R60, MAP-R61: those of its slices that are ready', () => {
    const endpoints =
      '{addresses: [10.1.0.1], conditions: {ready: true}}, {addresses: [10.1.0.2], conditions: {ready: false}}, {addresses: [10.1.0.3, 10.1.0.4]}, null';
    const one = slice('a', '{name: http, port: 8080}', endpoints);
    const two = slice('b', '{name: http, port: 8081}', '{addresses: [10.1.0.5]}, {addresses: [10.1.0.1]}');
    expect(brief(at([cart(web), one, two]))).toEqual(['10.1.0.1:8080', '10.1.0.3:8080', '10.1.0.4:8080', '10.1.0.5:8081', '10.1.0.1:8081']);
  });

  it('MAP-R63: a port is found by its name', () => {
    const two = cart('selector: {app: cart}, ports: [{name: http, port: 80}, {name: admin, port: 81}]');
    const listed = slice('a', '{name: admin, port: 9001}, {name: http, port: 9000}, {name: dns, port: 53, protocol: UDP}', '{addresses: [10.1.0.1]}');
    expect(brief(at([two, listed]))).toEqual(['10.1.0.1:9000']);
    expect(brief(at([two, listed], undefined, 1))).toEqual(['10.1.0.1:9001']);
    expect(brief(at([cart('ports: [{port: 80}]'), slice('a', '{port: 9000}', '{addresses: [10.1.0.1]}')]))).toEqual(['10.1.0.1:9000']);
  });

  it('Endpoints count where there is no slice, and pods where there is neither', () => {
    const endpoints =
      'apiVersion: v1\nkind: Endpoints\nmetadata: {name: cart, namespace: shop}\nsubsets: [{addresses: [{ip: 10.1.0.1}], notReadyAddresses: [{ip: 10.1.0.2}], ports: [{name: http, port: 8080}]}]\n';
    const pods = pod('cart-1', '10.1.0.9');
    expect(brief(at([cart(web), endpoints, pods]))).toEqual(['10.1.0.1:8080']);
    expect(brief(at([cart(web), endpoints, slice('a', '{name: http, port: 1}', '{addresses: [10.1.0.7]}'), pods]))).toEqual(['10.1.0.7:1']);
    expect(brief(at([cart(web), slice('a', '{name: http, port: 1}', ''), pods]))).toEqual([]);
    expect(brief(at([cart(web), pods]))).toEqual(['10.1.0.9:8080']);
    expect(brief(at([cart('selector: {app: other}, ports: [{name: http, port: 80}]'), pods]))).toEqual([]);
    expect(brief(at([cart('ports: [{name: http, port: 80}]'), pods]))).toEqual([]);
  });

  it.each([
    ['a named target port', web.replace('8080', 'web'), pod('a', '10.1.0.1'), ['10.1.0.1:9000']],
    ['a name that the pod does not have', web.replace('8080', 'nothing'), pod('a', '10.1.0.1'), []],
    ['a port that there is none of', web.replace('8080', '70000'), pod('a', '10.1.0.1'), []],
    ['a pod without an address', web, pod('a', '""'), []],
    ['a pod that is not ready', web, pod('a', '10.1.0.1', ', conditions: [null, {type: Ready, status: "False"}]'), []],
    ['a pod that is ready', web, pod('a', '10.1.0.1', ', conditions: [{type: Ready, status: "True"}]'), ['10.1.0.1:8080']],
    ['a pod that is done', web, pod('a', '10.1.0.1', ', phase: Succeeded'), []],
    [
      'a pod that need not be ready',
      `${web}, publishNotReadyAddresses: true`,
      pod('a', '10.1.0.1', ', conditions: [{type: Ready, status: "False"}]'),
      ['10.1.0.1:8080'],
    ],
  ])('%s', (_, spec, document, expected) => {
    expect(brief(at([cart(spec), document]))).toEqual(expected);
  });

  it('machines that it selects are beside its pods', () => {
    const selected = machine('vm', 'address: 10.9.0.1, labels: {app: cart}, weight: 3, ports: {http: 7000}');
    const ofMeta = machine('vm2', 'address: 10.9.0.2', ', labels: {app: cart}');
    const ill = machine('vm3', 'address: 10.9.0.3, labels: {app: cart}', ', annotations: {proxy.istio.io/health-checks-enabled: "true"}');
    expect(brief(at([cart(web), pod('a', '10.1.0.1'), selected, ofMeta, ill]))).toEqual(['10.1.0.1:8080', '10.9.0.1:7000 3', '10.9.0.2:8080']);
    const named = web.replace('8080', 'admin');
    expect(
      brief(
        at([cart(named), machine('vm', 'address: 10.9.0.1, labels: {app: cart}'), machine('vm2', 'address: 10.9.0.2, labels: {app: cart}, ports: {admin: 5}')]),
      ),
    ).toEqual(['10.9.0.2:5']);
  });

  it('a ServiceEntry of the same host and namespace adds its own', () => {
    const host = 'cart.shop.svc.cluster.local';
    const more = entry(`resolution: STATIC, ${http}, endpoints: [{address: 10.9.0.1}]`).replace('ext.example', host);
    expect(brief(at([cart(web), pod('a', '10.1.0.1'), more]))).toEqual(['10.1.0.1:8080', '10.9.0.1:80']);
    expect(brief(at([cart(web), pod('a', '10.1.0.1'), more.replace('namespace: shop', 'namespace: ops')]))).toEqual(['10.1.0.1:8080']);
  });
});

describe('what is known of an endpoint', () => {
  const node =
    'apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1, topology.istio.io/subzone: s1}}\n';
  const workload = (...documents: string[]) => at([cart(web), ...documents])[0]?.workload;

  it('of a pod: its labels, its place, its account, its owner', () => {
    const owned = pod('cart-6b7d-x', '10.1.0.1', '', ', nodeName: n1, serviceAccountName: carter').replace(
      'version: v1}',
      'version: v1, pod-template-hash: 6b7d}, ownerReferences: [null, {kind: ReplicaSet, name: cart-6b7d, controller: true}]',
    );
    expect(workload(node, owned)).toMatchObject({
      labels: {
        app: 'cart',
        version: 'v1',
        'topology.kubernetes.io/region': 'r1',
        'topology.kubernetes.io/zone': 'z1',
        'topology.istio.io/subzone': 's1',
        'kubernetes.io/hostname': 'n1',
      },
      locality: 'r1/z1/s1',
      mtls: false,
      name: 'cart',
      namespace: 'shop',
      serviceAccount: 'carter',
      node: 'n1',
    });
    expect(workload(pod('cart-1', '10.1.0.1'))).toMatchObject({ name: 'cart-1', locality: '', serviceAccount: 'default' });
  });

  it('an address is that of the pod which has it now, of the own namespace where several say so', () => {
    const listed = slice('a', '{name: http, port: 1}', '{addresses: [10.1.0.1]}');
    const elsewhere = (text: string): string => text.replace('namespace: shop', 'namespace: far');
    const namesOf = (...pods: string[]): string[] => at([cart(web), listed, ...pods]).map(({ workload }) => `${workload.namespace}/${workload.name}`);
    expect(namesOf(pod('new', '10.1.0.1'), elsewhere(pod('job', '10.1.0.1', ', phase: Succeeded')))).toEqual(['shop/new']);
    expect(namesOf(elsewhere(pod('job', '10.1.0.1', ', phase: Failed')))).toEqual(['shop/']);
    expect(namesOf(pod('new', '10.1.0.1'), elsewhere(pod('other', '10.1.0.1')))).toEqual(['shop/new']);
    expect(namesOf(elsewhere(pod('other', '10.1.0.1')))).toEqual(['far/other']);
  });

  it('a slice leads to its pod by name or by address', () => {
    const listed = (more: string): string => slice('a', '{name: http, port: 1}', `{addresses: [10.1.0.1], nodeName: n1${more}}`);
    const named = pod('cart-1', '10.1.0.77', '', ', nodeName: n1');
    expect(workload(node, listed(', targetRef: {kind: Pod, name: cart-1}'), named)?.labels).toMatchObject({ version: 'v1' });
    expect(workload(node, listed(''), pod('cart-1', '10.1.0.1'))?.labels).toMatchObject({ version: 'v1' });
    expect(workload(node, listed(''))).toMatchObject({ locality: 'r1/z1/s1', name: '', labels: { 'topology.kubernetes.io/zone': 'z1' } });
  });

  it('a label says the locality of a pod, and a label or a container that a sidecar takes mTLS', () => {
    expect(workload(node, pod('a', '10.1.0.1', '', ', nodeName: n1').replace('version: v1', 'istio-locality: r9.z9'))).toMatchObject({ locality: 'r9/z9' });
    expect(workload(pod('a', '10.1.0.1').replace('version: v1', 'security.istio.io/tlsMode: istio'))).toMatchObject({ mtls: true });
    expect(workload(pod('a', '10.1.0.1').replace('[{name: a', '[{name: istio-proxy, image: proxyv2}, {name: a'))).toMatchObject({ mtls: true });
  });
});

describe('endpoints of a ServiceEntry', () => {
  const ext = (...documents: string[]): readonly ServiceEndpoint[] => at(documents, 'ext.example');

  it('MAP-R64: ports, weights and places of their own', () => {
    const endpoints =
      '[{address: 2.2.2.2, weight: 3, locality: r1/z1, labels: {v: a}}, null, {address: 2.2.2.3, ports: {http: 8888}, serviceAccount: sa}, {address: ""}]';
    const found = ext(entry(`resolution: STATIC, ${http}, endpoints: ${endpoints}`));
    expect(brief(found)).toEqual(['2.2.2.2:80 3', '2.2.2.3:8888']);
    expect(found[0]).toMatchObject({
      workload: { locality: 'r1/z1', labels: { v: 'a', 'topology.kubernetes.io/region': 'r1' } },
      path: ['spec', 'endpoints', 0],
    });
    expect(found[1]).toMatchObject({ workload: { serviceAccount: 'sa', namespace: 'shop' }, path: ['spec', 'endpoints', 2] });
  });

  it('the target port of the service stands for ports that are not named', () => {
    expect(
      brief(ext(entry('resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 9090}], endpoints: [{address: 2.2.2.2}]'))),
    ).toEqual(['2.2.2.2:9090']);
  });

  it('a Unix socket has no port', () => {
    expect(brief(ext(entry(`resolution: STATIC, ${http}, endpoints: [{address: "unix:///run/app.sock"}]`)))).toEqual(['/run/app.sock:0']);
  });

  it.each([
    ['DNS', ['ext.example:80']],
    ['DNS_ROUND_ROBIN', ['ext.example:80']],
    ['STATIC', []],
    ['NONE', []],
  ])('TCP-R14: %s without endpoints', (resolution, expected) => {
    expect(brief(ext(entry(`resolution: ${resolution}, ${http}`)))).toEqual(expected);
  });

  it('TCP-R15: two addresses of the service make no endpoint twice', () => {
    expect(brief(ext(entry(`resolution: STATIC, addresses: [10.0.0.1, 10.0.0.2], ${http}, endpoints: [{address: 2.2.2.2}, {address: 2.2.2.2}]`)))).toEqual([
      '2.2.2.2:80',
    ]);
  });

  it('two entries of one host and namespace have theirs together', () => {
    const one = entry(`resolution: STATIC, ${http}, endpoints: [{address: 2.2.2.2}]`);
    expect(brief(ext(one, entry(`resolution: STATIC, ${http.replace('80', '81')}, endpoints: [{address: 2.2.2.3}]`, 'more')))).toEqual([
      '2.2.2.2:80',
      '2.2.2.3:81',
    ]);
  });

  it('pods and machines that it selects', () => {
    const selecting = entry(`resolution: STATIC, ${http}, workloadSelector: {labels: {app: cart}}`);
    const found = ext(selecting, pod('a', '10.1.0.1'), machine('vm', 'address: 10.9.0.1, labels: {app: cart}, ports: {http: 7000}'));
    expect(brief(found)).toEqual(['10.1.0.1:80', '10.9.0.1:7000']);
    expect(brief(ext(entry(`resolution: STATIC, ${http}, workloadSelector: {}`), pod('a', '10.1.0.1')))).toEqual([]);
  });
});
