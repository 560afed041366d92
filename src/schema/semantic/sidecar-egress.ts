import type { CaptureMode, IstioEgressListener, SidecarPort } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkIp, checkScopedHost, checkUnixAddress, isUnixAddress } from './address.ts';
import { checkPort } from './primitives.ts';
import { checkSidecarPort, checkTargetPort } from './sidecar-ingress.ts';
import type { ProblemSink } from './validator.ts';

/** `egress` of a Sidecar: listeners with ports or sockets of their own, and at the end at most one for everything else. */
export function checkEgress(sink: ProblemSink, path: Path, listeners: readonly IstioEgressListener[], namespace: string): void {
  const numbers = new Set<number>();
  const sockets = new Set<string>();
  listeners.forEach((listener, i) => {
    const at = [...path, i];
    const { port, bind = '', captureMode = 'DEFAULT', hosts = [] } = listener;
    if (port) {
      checkTargetPort(sink, [...at, 'port'], port);
      checkListenerPort(sink, at, port, bind, captureMode);
      checkUnique(sink, at, port.number ?? 0, bind, numbers, sockets);
    } else if (i < listeners.length - 1) {
      sink.error(at, 'an egress listener without a port takes everything else, so it has to be the last one', { same: 'catch-all egress listener' });
    }
    if (hosts.length === 0) sink.error([...at, 'hosts'], 'an egress listener has no hosts; */* stands for all');
    else checkHosts(sink, [...at, 'hosts'], hosts, namespace);
  });
}

function checkListenerPort(sink: ProblemSink, path: Path, port: SidecarPort, bind: string, captureMode: CaptureMode): void {
  checkSidecarPort(sink, [...path, 'port'], port);
  const at = [...path, 'bind'];
  if (port.number) {
    checkPort(sink, [...path, 'port', 'number'], port.number);
    if (bind !== '') checkIp(sink, at, bind);
    return;
  }
  if (isUnixAddress(bind)) checkUnixAddress(sink, at, bind);
  else sink.error([...path, 'port', 'number'], 'a port with number 0 is for listeners bound to a Unix socket, such as bind: unix:///run/app.sock');
  if (captureMode !== 'DEFAULT' && captureMode !== 'NONE') {
    sink.error([...path, 'captureMode'], `captureMode is ${captureMode}; for a Unix socket it can be DEFAULT/NONE`, { same: 'captureMode of a socket' });
  }
}

function checkUnique(sink: ProblemSink, path: Path, number: number, bind: string, numbers: Set<number>, sockets: Set<string>): void {
  if (number === 0) {
    if (sockets.has(bind)) sink.error([...path, 'bind'], `several egress listeners are bound to the socket ${bind}`, { same: 'listener sockets' });
    sockets.add(bind);
    return;
  }
  if (numbers.has(number)) sink.error([...path, 'port', 'number'], `several egress listeners have port ${number}`, { same: 'listener ports' });
  numbers.add(number);
}

/** Each host once; one that `namespace/*` takes in already counts as given twice. */
function checkHosts(sink: ProblemSink, path: Path, entries: readonly string[], namespace: string): void {
  const hostsBy = new Map<string, Set<string>>();
  entries.forEach((entry, i) => {
    const at = [...path, i];
    const slash = entry.indexOf('/');
    if (slash >= 0) {
      const scope = entry.slice(0, slash);
      const host = entry.slice(slash + 1);
      const from = scope === '.' ? namespace : scope;
      const known = hostsBy.get(from) ?? new Set<string>();
      const twice = host === '*' ? known.size > 0 : known.has(host) || known.has('*');
      if (twice) sink.warning(at, `egress host ${entry} is given more than once`);
      hostsBy.set(from, known.add(host));
    }
    checkScopedHost(sink, at, entry, 'sidecar');
  });
  if (hostsBy.get('*')?.has('*') && hostsBy.size > 1) {
    sink.warning([...path, entries.indexOf('*/*')], '`*/*` selects everything, so the other hosts have no effect', { same: 'hosts beside */*' });
  }
}
