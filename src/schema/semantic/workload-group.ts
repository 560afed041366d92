import type { HTTPHealthCheckConfig, ReadinessProbe, WorkloadGroup } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkPort, itemsOf, labelProblems } from './primitives.ts';
import type { ProblemSink, Validator } from './validator.ts';

/** The template is not checked as a workload entry: what it lacks is filled in when a workload registers. */
export const validateWorkloadGroup: Validator<WorkloadGroup> = (group, sink) => {
  if (!group.template) {
    sink.error(['template'], 'template is missing', { help: 'give the template of the workload entries; template: {} is enough' });
    return;
  }
  if (!checkLabels(sink, group.metadata?.labels ?? {})) return;
  if (group.probe) checkProbe(sink, ['probe'], group.probe);
};

/** All wrong labels are one problem, and end the check. */
function checkLabels(sink: ProblemSink, labels: Readonly<Record<string, string>>): boolean {
  const wrong = Object.entries(labels).flatMap(([key, value]) => labelProblems(key, value).map(({ text }) => ({ key, text })));
  const [first] = wrong;
  if (!first) return true;
  const count = wrong.length === 1 ? '1 error' : `${wrong.length} errors`;
  sink.error(['metadata', 'labels', first.key], `invalid labels, ${count}: ${wrong.map(({ text }) => text).join('; ')}`);
  return false;
}

const numbers = ['periodSeconds', 'initialDelaySeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold'] as const;

function checkProbe(sink: ProblemSink, path: Path, probe: ReadinessProbe): void {
  for (const field of numbers) {
    const number = probe[field] ?? 0;
    if (number < 0) sink.error([...path, field], `${field} is ${number}; it cannot be negative`, { same: `${field} negative` });
  }
  const { httpGet, tcpSocket, exec, grpc } = probe;
  if (httpGet) checkHttpProbe(sink, [...path, 'httpGet'], httpGet);
  else if (tcpSocket) checkPort(sink, [...path, 'tcpSocket', 'port'], tcpSocket.port);
  else if (exec) {
    if ((exec.command ?? []).length === 0) sink.error([...path, 'exec', 'command'], 'exec.command is missing');
  } else if (grpc) {
    // The API has this method, and the reference's validation does not know it.
    sink.error([...path, 'grpc'], 'unknown probe method grpc: the API has it (*v1alpha3.ReadinessProbe_Grpc), but it is refused', {
      help: 'use httpGet, tcpSocket or exec',
    });
  } else sink.error(path, 'unknown probe method: there is none', { help: 'give one of httpGet, tcpSocket and exec' });
}

function checkHttpProbe(sink: ProblemSink, path: Path, probe: HTTPHealthCheckConfig): void {
  checkPort(sink, [...path, 'port'], probe.port);
  if (probe.scheme && probe.scheme !== 'HTTP' && probe.scheme !== 'HTTPS') {
    sink.error([...path, 'scheme'], `httpGet.scheme is "${probe.scheme}"; it can be HTTP or HTTPS`, { same: 'probe scheme' });
  }
  itemsOf(probe.httpHeaders).forEach(({ name }, i) => {
    const at = [...path, 'httpHeaders', i, 'name'];
    if (!name) sink.error(at, 'header name is missing');
    else if (!/^[-A-Za-z0-9]+$/.test(name)) sink.error(at, `header name ${name} has other characters than letters, digits and dashes`);
  });
}
