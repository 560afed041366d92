import { imageOf } from '../../install/render/object.ts';
import type { Values } from '../../install/values.ts';
import { write } from '../terminal.ts';

/** What `image.hub` is by default: it stands for images that are only on the nodes. */
const noRegistry = 'localhost';

/** That pods will not start unless somebody brings the image to them; undefined where it has a registry, or where there are no pods. */
export function imageWarning(values: Values, weftVersion: string): string | undefined {
  const { image, controller, gateways } = values;
  if (image.hub !== noRegistry || !(controller.enabled || gateways.some(({ enabled }) => enabled))) return undefined;
  return `the image is ${imageOf({ values, options: { weftVersion } })}, which no registry has. Pods start only where it is on the nodes already: build it and push it (deploy/README.md), then say --set image.hub=REGISTRY.`;
}

/** What is installed has a namespace of its own, and users of kubectl and helm may mean that. */
export function warnOfNamespace({ namespace }: { namespace?: string }): void {
  if (namespace === undefined) return;
  write('stderr', 'Warning: --namespace (-n) has no meaning here; --istioNamespace (-i) is the namespace of the control plane.\n');
}
