import { message } from '../message.ts';

/** IST0107 */
export const IST0107 = message<{ annotation: string; kind: string; kinds: readonly string[] }>({
  name: 'MisplacedAnnotation',
  level: 'Warning',
  summary: 'an annotation of Istio is on a kind where it has no effect',
  text: ({ annotation, kind, kinds }) => `annotation ${annotation} has no effect on a ${kind}; it belongs on: ${kinds.join(', ')}`,
  help: ({ annotation, kind, kinds }) =>
    kind === 'Deployment' && kinds.includes('Pod')
      ? `move ${annotation} to spec.template.metadata.annotations, which are the annotations of the pods`
      : `move it to a resource of kind ${kinds.join(' or ')}, or remove it`,
});

/** IST0108 */
export const IST0108 = message<{ annotation: string; similar: string | undefined }>({
  name: 'UnknownAnnotation',
  level: 'Warning',
  summary: 'an annotation in a domain of Istio that Istio does not know',
  text: ({ annotation, similar }) => `Istio knows no annotation ${annotation}${similar === undefined ? '' : `; it knows ${similar}`}`,
  help: 'correct its name, or remove it: it has no effect',
});

/** IST0125 */
export const IST0125 = message<{ annotation: string; problem: string }>({
  name: 'InvalidAnnotation',
  level: 'Warning',
  summary: 'an annotation of Istio has a value that Istio cannot read',
  text: ({ annotation, problem }) => `annotation ${annotation} has a bad value: ${problem}`,
  effect: 'injection of the sidecar fails, so new pods are not created',
});

/** IST0135 */
export const IST0135 = message<{ annotation: string; replacement: string | undefined }>({
  name: 'DeprecatedAnnotation',
  level: 'Info',
  summary: 'an annotation that a future version of Istio may not know any more',
  text: ({ annotation, replacement }) => `annotation "${annotation}" is deprecated${replacement === undefined ? '' : `; ${replacement} takes its place`}`,
});
