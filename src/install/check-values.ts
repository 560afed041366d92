// Rules about several values together, and the rules of the mesh configuration.
import type { MeshConfig, MeshNetworks } from '../manifest/istio/mesh.gen.ts';
import { formatPath, type Path } from '../manifest/problem.ts';
import { clusterDomain as meshDomain } from '../model/hosts.ts';
import { defaultMeshConfig, mergeMeshConfig } from '../model/mesh-config.ts';
import { validateMeshConfig } from '../schema/semantic/mesh-config.ts';
import { validateMeshNetworks } from '../schema/semantic/mesh-networks.ts';
import { ProblemSink, type Validator } from '../schema/semantic/validator.ts';
import type { ValueProblem } from './problem.ts';
import { quantityValue } from './schema/formats.ts';
import type { GatewayValues, PodSettings, Values } from './values.ts';

/** Where a value was written, and what it is called there; undefined for what nobody wrote. */
export type PlaceOf = (path: Path) => { where: string; path: string } | undefined;

export function checkValues(values: Values, placeOf: PlaceOf): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const add = (path: Path, text: string, help?: string): void => {
    const where = placeOf(path)?.where ?? '';
    problems.push({ where, path: formatPath(path), text, ...(help === undefined ? {} : { help }) });
  };
  checkMessages(values, add);
  if (values.clusterDomain !== hostDomain) {
    add(
      ['clusterDomain'],
      `is ${values.clusterDomain}, and names of Services end in ${hostDomain} for weft, whatever the cluster has`,
      `leave it at ${hostDomain}`,
    );
  }
  checkPod(['controller'], values.controller, add);
  checkPod(['proxy'], values.proxy, add);
  checkTemplates(values, add);
  const seen = new Set<string>();
  for (const gateway of values.gateways) {
    checkGateway(gateway, add);
    if (!gateway.enabled) continue;
    const key = `${gateway.namespace || values.namespace}/${gateway.name}`;
    if (seen.has(key)) add(['gateways', gateway.name], 'is there twice');
    seen.add(key);
  }
  return problems;
}

const hostDomain = meshDomain.slice('svc.'.length);

type Add = (path: Path, text: string, help?: string) => void;

function checkMessages({ namespace, meshConfig, meshNetworks }: Values, add: Add): void {
  const config = mergeMeshConfig(defaultMeshConfig(namespace), meshConfig as MeshConfig);
  check('MeshConfig', 'meshConfig', validateMeshConfig, config);
  check('MeshNetworks', 'meshNetworks', validateMeshNetworks, meshNetworks as MeshNetworks);

  function check<Spec>(kindName: string, value: string, validate: Validator<Spec>, spec: Spec): void {
    const sink = new ProblemSink([]);
    validate(spec, sink, { kindName, name: value, namespace, labels: {}, annotations: {}, metadata: false });
    for (const { level, path = [], text, help } of sink.problems) if (level === 'Error') add([value, ...path], `is wrong: ${text}`, help);
  }
}

function checkPod(path: Path, { resources: { requests = {}, limits = {} } }: Pick<PodSettings, 'resources'>, add: Add): void {
  for (const name of ['cpu', 'memory'] as const) {
    const [least, most] = [requests[name], limits[name]];
    if (least === undefined || most === undefined || quantityValue(least) <= quantityValue(most)) continue;
    add([...path, 'resources', 'requests', name], `is ${least}, above the limit of ${most}`, 'raise the limit, or ask for less');
  }
}

function checkTemplates({ injector }: Values, add: Add): void {
  const known = ['sidecar', 'gateway', ...Object.keys(injector.templates)];
  injector.defaultTemplates.forEach((name, i) => {
    if (!known.includes(name))
      add(['injector', 'defaultTemplates', i], `is ${JSON.stringify(name)}, and there is no such template`, `there are: ${known.join(', ')}`);
  });
}

function checkGateway(gateway: GatewayValues, add: Add): void {
  const path: Path = ['gateways', gateway.name];
  const { replicas, maxReplicas, service, resources } = gateway;
  checkPod(path, gateway, add);
  if (Object.keys(gateway.labels).length === 0) add([...path, 'labels'], 'are empty, so no Gateway resource could select it');
  if (maxReplicas > 0 && maxReplicas < replicas) {
    add([...path, 'maxReplicas'], `is ${maxReplicas}, fewer than the ${replicas} of replicas`, 'raise it, or set it to 0 for a fixed number');
  }
  if (maxReplicas > 0 && resources.requests?.cpu === undefined) {
    add([...path, 'resources', 'requests'], 'has no cpu, by which the autoscaler counts', 'give it, or set maxReplicas to 0');
  }
  if (service.ports.length === 0) add([...path, 'service', 'ports'], 'are empty, and a Service has at least one');
  for (const field of ['name', 'port'] as const) {
    const values = service.ports.map((port) => port[field]);
    const twice = values.findIndex((value, i) => values.indexOf(value) < i);
    if (twice >= 0) add([...path, 'service', 'ports', twice, field], `is ${values[twice]}, as that of another port is`);
  }
  if (service.type === 'ClusterIP') {
    service.ports.forEach(({ nodePort }, i) => {
      if (nodePort !== undefined) add([...path, 'service', 'ports', i, 'nodePort'], 'is given, and a Service of type ClusterIP has none');
    });
    if (service.externalTrafficPolicy) add([...path, 'service', 'externalTrafficPolicy'], 'is given, and a Service of type ClusterIP has none');
  }
  if (service.type !== 'LoadBalancer' && service.loadBalancerIP) {
    add([...path, 'service', 'loadBalancerIP'], `is given, and a Service of type ${service.type} has none`, 'set service.type to LoadBalancer');
  }
}
