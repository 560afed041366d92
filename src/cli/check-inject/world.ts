// Where webhooks, namespaces and workloads are looked up: in a cluster, or in files.
import type { InjectionConfig } from '../../inject/config.ts';
import { InjectionError } from '../../inject/error.ts';
import { parseInjectionConfig } from '../../inject/read-config.ts';
import { workloadOf } from '../../inject/workload.ts';
import type { KubeClient } from '../../kube/client.ts';
import { mutatingWebhooks } from '../../kube/list-all.ts';
import { MissingFileError, readFiles } from '../../manifest/files.ts';
import { splitDocuments } from '../../manifest/split.ts';
import { parseYaml, YamlError } from '../../manifest/yaml.ts';
import { injectorName } from '../../model/injection.ts';
import { isMap, text } from '../../model/untyped.ts';
import type { Labels } from '../../model/webhooks.ts';
import { isKubeError } from '../cluster.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';
import { type PodMaker, podMakerVersions } from './pod-makers.ts';

type Fields = Record<string, unknown>;

export interface World {
  webhooks(): Promise<Fields[]>;
  /** Undefined where there is no such namespace. */
  namespaceLabels(name: string): Promise<Labels | undefined>;
  /** What a revision injects; undefined where nothing says so, or it is another program's. */
  injector(revision: string): Promise<InjectionConfig | undefined>;
  /** Undefined where there is no such object. */
  workload(kind: PodMaker, namespace: string, name: string): Promise<Fields | undefined>;
}

/** @param istioNamespace of the control plane */
export function clusterWorld(client: KubeClient, istioNamespace: string): World {
  return {
    injector: async (revision) => {
      try {
        return configIn(await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: istioNamespace, name: injectorName(revision) }));
      } catch (error) {
        // Who may not read it is told what the selectors say.
        if (isKubeError(error) && error.status === 403) return undefined;
        throw error;
      }
    },
    webhooks: async () => {
      return mutatingWebhooks(client);
    },
    namespaceLabels: async (name) => {
      const found = await client.get({ apiVersion: 'v1', kind: 'Namespace', name });
      return found && (found.metadata.labels ?? {});
    },
    workload: async (kind, namespace, name) => {
      return client.get({ apiVersion: podMakerVersions[kind], kind, namespace, name });
    },
  };
}

/**
 * @param defaultNamespace of objects that name none
 * @throws CliError for files that are not there or cannot be read
 */
export function fileWorld(names: readonly string[], defaultNamespace: string): World {
  const objects = readObjects(names);
  const of = (kind: string): Fields[] => objects.filter((object) => object.kind === kind);
  const metadata = (object: Fields): Fields => (isMap(object.metadata) ? object.metadata : {});
  return {
    webhooks: async () => of('MutatingWebhookConfiguration'),
    injector: async (revision) => configIn(of('ConfigMap').find((object) => metadata(object).name === injectorName(revision))),
    // A namespace that is only named has no labels but its own.
    namespaceLabels: async (name) => {
      const found = of('Namespace').find((object) => metadata(object).name === name);
      return { 'kubernetes.io/metadata.name': name, ...((found ? (metadata(found).labels ?? {}) : {}) as Labels) };
    },
    workload: async (kind, namespace, name) =>
      of(kind).find((object) => metadata(object).name === name && (text(metadata(object).namespace) || defaultNamespace) === namespace && workloadOf(object)),
  };
}

function configIn(map: Fields | undefined): InjectionConfig | undefined {
  const written = isMap(map?.data) ? map.data.config : undefined;
  if (typeof written !== 'string') return undefined;
  try {
    return parseInjectionConfig(written);
  } catch (error) {
    if (error instanceof InjectionError) return undefined;
    throw error;
  }
}

function readObjects(names: readonly string[]): Fields[] {
  const paths = names.flatMap((name) => name.split(',')).filter((path) => path !== '');
  if (paths.length === 0) throw usageError('-f takes files, directories or -');
  let sources: ReturnType<typeof readFiles>['sources'];
  try {
    sources = readFiles(paths, readStdinSync, { anyExtension: true }).sources;
  } catch (error) {
    throw error instanceof MissingFileError ? new CliError(error.message) : error;
  }
  return sources.flatMap(({ name, text: written }) =>
    splitDocuments(written).flatMap(({ start, end }) => {
      try {
        const { value } = parseYaml(written.slice(start, end), true);
        if (!isMap(value)) return [];
        return value.kind === 'List' && Array.isArray(value.items) ? value.items.filter(isMap) : [value];
      } catch (error) {
        if (!(error instanceof YamlError)) throw error;
        const line = written.slice(0, start + error.offset).split('\n').length;
        throw new CliError(`${name}:${line}: this is not valid YAML: ${error.message}`, exitCode.unparsable);
      }
    }),
  );
}
