import type { KubeObject } from '../../kube/object.ts';
import { type Component, ownerLabels, type Values } from '../values.ts';

export interface RenderedObject {
  component: Component;
  object: KubeObject;
  /** All revisions use it, so it stays when one goes: definitions of kinds, the namespace. */
  shared: boolean;
}

export interface RenderOptions {
  /** Version of weft: a label of every object, and the tag of the image where none is given. */
  weftVersion: string;
  /** What the user gave (`mergeValues`), kept beside the values in the cluster. */
  overrides?: Readonly<Record<string, unknown>>;
}

/** What every part is rendered from. */
export interface Context {
  values: Values;
  options: RenderOptions;
}

/** Labels of every object. Those of all revisions have no revision. */
function labelsOf({ values, options }: Context, component: Component, shared = false): Record<string, string> {
  return {
    'app.kubernetes.io/managed-by': 'weft',
    ...(shared ? {} : { 'istio.io/rev': values.revision }),
    [ownerLabels.component]: component,
    [ownerLabels.owner]: values.namespace,
    // A label has 63 letters, and those of a version may be others than those of a label.
    [ownerLabels.version]: options.weftVersion.replace(/[^\w.-]/g, '_').slice(0, 63),
  };
}

/** The image of all containers. */
export function imageOf({ values: { image }, options }: Context): string {
  const { hub, name, tag } = image;
  return `${hub === '' ? '' : `${hub}/`}${name}:${tag || options.weftVersion}`;
}

/** Makes objects of one component, with the labels of their owner. */
export function maker(context: Context, component: Component, shared = false): (apiVersion: string, kind: string, rest: ObjectParts) => RenderedObject {
  return (apiVersion, kind, { name, namespace, labels, annotations, ...rest }) => {
    const metadata = {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      // Whose it is does not change with what the user says.
      labels: { ...labels, ...labelsOf(context, component, shared) },
      ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
    };
    return { component, object: { apiVersion, kind, metadata, ...rest }, shared };
  };
}

export interface ObjectParts {
  name: string;
  namespace?: string;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  [field: string]: unknown;
}
