// The recorded injection of the reference (spec/install.md, 5), compared with this one field by field.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { splitDocuments } from '../manifest/split.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { injectPod } from './inject.ts';
import { type Container, type PodTemplate, podOf } from './pod.ts';
import { configWith, webContext } from './testing.ts';

const folder = join(import.meta.dirname, '../../../shared/conformance/inject');
const there = existsSync(folder);
if (!there) console.warn(`SKIPPED: no recorded injection in ${folder}; the comparison with the reference did not run.`);

function templateIn(file: string): PodTemplate {
  const text = readFileSync(join(folder, file), 'utf8');
  const [first] = splitDocuments(text);
  const { value } = parseYaml(text.slice(first?.start, first?.end));
  return podOf((value as { spec: { template: PodTemplate } }).spec.template);
}

/** The values that the recording was made with. */
const config = configWith({
  image: 'docker.io/istio/proxyv2:latest',
  resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '100m', memory: '128Mi' } },
});

function ours(): PodTemplate {
  const result = injectPod(templateIn('inject-input.yaml'), webContext, config);
  if (!result.injected) throw new Error(result.reason);
  return result.pod;
}

/** Differences that are meant, with the reason of each; a field that is not here is the same. */
const meant: Readonly<Record<string, string>> = {
  'annotations sidecar.istio.io/status': 'it lists what is added, and volumes are fewer',
  'app resources': 'the reference writes out an empty map that nobody wrote',
  'istio-init args': 'the program is weft proxy capture; the level of its log is not set, since it has none',
  'istio-proxy args': 'the program is weft proxy run',
  'istio-proxy env': 'variables that weft does not read are left out: what its arguments say, limits of Go, metadata that the control plane has from the pod',
  'istio-proxy volumeMounts': 'nothing is written, no sockets of other providers of identities, no lists of revoked certificates',
  volumes: 'nothing is written, no sockets of other providers of identities, no lists of revoked certificates; of the pod only its labels',
};

function flat({ metadata, spec }: PodTemplate): Map<string, unknown> {
  const out = new Map<string, unknown>();
  for (const field of ['labels', 'annotations'] as const) for (const [key, value] of Object.entries(metadata[field] ?? {})) out.set(`${field} ${key}`, value);
  for (const container of [...(spec.initContainers ?? []), ...spec.containers])
    for (const [key, value] of Object.entries(container)) out.set(`${container.name} ${key}`, value);
  const { containers, initContainers, ...rest } = spec;
  out.set(
    'order of containers',
    containers.map(({ name }) => name),
  );
  out.set(
    'order of init containers',
    (initContainers ?? []).map(({ name }) => name),
  );
  for (const [key, value] of Object.entries(rest)) out.set(key, value);
  return out;
}

describe.skipIf(!there)('the recorded injection', () => {
  const reference = there ? flat(templateIn('inject-output.yaml')) : new Map<string, unknown>();
  const mine = there ? flat(ours()) : new Map<string, unknown>();
  const named = (name: string): Container => [...ours().spec.containers, ...(ours().spec.initContainers ?? [])].find((c) => c.name === name) as Container;

  test.each([...new Set([...reference.keys(), ...mine.keys()])])('%s', (field) => {
    if (meant[field] === undefined) expect(mine.get(field)).toEqual(reference.get(field));
    else expect(mine.get(field), `it is the same now: take it out of the list (${meant[field]})`).not.toEqual(reference.get(field));
  });

  test('arguments of the init container, but for its program and its log', () => {
    const theirs = (reference.get('istio-init args') as string[]).slice(1).filter((argument) => !argument.startsWith('--log_output_level'));
    expect(named('istio-init').args).toEqual(['proxy', 'capture', ...theirs]);
  });

  test('probes of the application, as the sidecar gets them', () => {
    const variable = (env: unknown): unknown => (env as { name: string }[]).find(({ name }) => name === 'ISTIO_KUBE_APP_PROBERS');
    expect(variable(mine.get('istio-proxy env'))).toEqual(variable(reference.get('istio-proxy env')));
  });

  test('every variable that both have is the same', () => {
    const theirs = new Map((reference.get('istio-proxy env') as { name: string }[]).map((variable) => [variable.name, variable]));
    const both = (mine.get('istio-proxy env') as { name: string }[]).filter(({ name }) => theirs.has(name));
    expect(both.map(({ name }) => name)).toEqual(['POD_NAME', 'POD_NAMESPACE', 'SERVICE_ACCOUNT', 'ISTIO_KUBE_APP_PROBERS']);
    for (const variable of both) expect(variable).toEqual(theirs.get(variable.name));
  });

  test('volumes that both have are mounted at the same place', () => {
    const theirs = reference.get('istio-proxy volumeMounts') as { name: string }[];
    for (const mount of mine.get('istio-proxy volumeMounts') as { name: string }[]) expect(theirs).toContainEqual(mount);
  });

  test.each(['istio-token', 'istiod-ca-cert'])('volume %s, by which proxy and control plane know each other', (name) => {
    const volume = (volumes: unknown): unknown => (volumes as { name: string }[]).find((one) => one.name === name);
    expect(volume(mine.get('volumes'))).toEqual(volume(reference.get('volumes')));
    expect(volume(mine.get('volumes'))).toBeDefined();
  });
});
