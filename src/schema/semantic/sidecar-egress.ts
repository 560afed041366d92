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
      sink.error(at, 'sidecar egress listener without a port takes everything else, so it has to be the last one', { help: 'move it to the end of the list' });
    }
    if (hosts.length === 0)
      sink.error([...at, 'hosts'], 'sidecar egress listener has no hosts', { help: 'name them as namespace/dnsName; */* stands for all' });
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
  else
    sink.error([...path, 'port', 'number'], 'sidecar port number 0 is for listeners bound to a Unix socket', {
      help: 'bind it to a socket, as in bind: unix:///run/app.sock, or give the port a number',
    });
  if (captureMode !== 'DEFAULT' && captureMode !== 'NONE') {
    sink.error([...path, 'captureMode'], `sidecar captureMode is ${captureMode}; for a Unix socket it can be DEFAULT/NONE`, {
      same: 'captureMode of a socket',
    });
  }
}

function checkUnique(sink: ProblemSink, path: Path, number: number, bind: string, numbers: Set<number>, sockets: Set<string>): void {
  if (number === 0) {
    if (sockets.has(bind)) sink.error([...path, 'bind'], `sidecar egress listeners share the socket ${bind}; each has its own`, { same: 'listener sockets' });
    sockets.add(bind);
    return;
  }
  if (numbers.has(number))
    sink.error([...path, 'port', 'number'], `sidecar egress listeners share port ${number}; each has its own`, { same: 'listener ports' });
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
      if (twice) sink.warning(at, `duplicate egress host ${entry}`);
      hostsBy.set(from, known.add(host));
    }
    checkScopedHost(sink, at, entry, 'sidecar');
  });
  if (hostsBy.get('*')?.has('*') && hostsBy.size > 1) {
    sink.warning([...path, entries.indexOf('*/*')], '`*/*` selects everything, so the other hosts have no effect', { same: 'hosts beside */*' });
  }
}
