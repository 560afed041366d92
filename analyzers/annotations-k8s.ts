import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0107, IST0108, IST0125, IST0135 } from '../src/analysis/catalogue/annotations.ts';
import { annotationDefinition, isIstioAnnotation, similarAnnotation } from '../src/model/annotations.ts';
import { injectLabel } from '../src/model/injection.ts';

const kinds = ['Namespace', 'Service', 'Pod', 'Deployment'] as const;

/** spec/analyze/messages.md, annotations.K8sAnalyzer */
export default defineAnalyzer({
  name: 'annotations.K8sAnalyzer',
  summary: 'annotations of Istio on Kubernetes resources are known, in the right place, and have values that Istio can read',
  reads: kinds,
  preset: 'reference',
  messages: { IST0107, IST0108, IST0125, IST0135 },
  check({ mesh, annotationProblem, report }) {
    for (const kind of kinds) {
      for (const resource of mesh.list(kind)) {
        for (const [annotation, value] of Object.entries(resource.annotations)) {
          if (!isIstioAnnotation(annotation)) continue;
          const path = ['metadata', 'annotations', annotation];
          const definition = annotationDefinition(annotation);
          if (!definition) {
            report('IST0108', resource, path, { annotation, similar: similarAnnotation(annotation) });
            continue;
          }
          const isInject = annotation === injectLabel;
          // With the label beside it, the annotation is there for older versions of Istio.
          if (definition.deprecated && !(isInject && resource.labels[injectLabel] !== undefined)) {
            report('IST0135', resource, path, { annotation, replacement: isInject ? `the label "${injectLabel}"` : undefined });
          }
          if (definition.kinds.includes('Any')) continue;
          if (!definition.kinds.includes(kind)) {
            report('IST0107', resource, path, { annotation, kind, kinds: definition.kinds });
            continue;
          }
          const problem = annotationProblem(annotation, value);
          if (problem !== undefined) report('IST0125', resource, path, { annotation, problem });
        }
      }
    }
  },
});
