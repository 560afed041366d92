// The init container: it redirects the connections of the pod (spec/install.md, 5), or checks that the node has done so.
import type { InjectionConfig } from './config.ts';
import { type Container, initName, validationName } from './pod.ts';
import { type Settings, sidecarPorts } from './settings.ts';

/** User and group of `weft proxy capture` where no argument says another. */
const defaultUid = 1337;

/** None where nothing is redirected. */
export function initContainers(settings: Settings, config: InjectionConfig): Container[] {
  const { capture, image, resources } = settings;
  if (capture === 'none') return [];
  const checks = capture === 'cni';
  return [
    {
      name: checks ? validationName : initName,
      image,
      ...(config.imagePullPolicy ? { imagePullPolicy: config.imagePullPolicy } : {}),
      args: ['proxy', 'capture', ...captureArguments(settings, config.uid), ...(checks ? ['--run-validation', '--skip-rule-apply'] : [])],
      resources: structuredClone({ ...resources }),
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { ...(checks ? {} : { add: ['NET_ADMIN', 'NET_RAW'] }), drop: ['ALL'] },
        privileged: false,
        // iptables keeps a lock in /run.
        readOnlyRootFilesystem: checks,
        runAsGroup: checks ? config.uid : 0,
        runAsNonRoot: checks,
        runAsUser: checks ? config.uid : 0,
      },
    },
  ];
}

function captureArguments({ captured, capture: _ }: Settings, uid: number): string[] {
  const { includeOutboundPorts, excludeOutboundPorts, excludeInterfaces, virtualInterfaces } = captured;
  return [
    ...['-p', String(sidecarPorts.outbound), '-z', String(sidecarPorts.inbound), '-u', String(uid)],
    ...(uid === defaultUid ? [] : ['-g', String(uid)]),
    ...['-m', 'REDIRECT', '-i', captured.includeOutboundRanges, '-x', captured.excludeOutboundRanges],
    ...['-b', captured.includeInboundPorts, '-d', captured.excludeInboundPorts],
    ...(includeOutboundPorts === '' ? [] : ['-q', includeOutboundPorts]),
    ...(excludeOutboundPorts === '' ? [] : ['-o', excludeOutboundPorts]),
    ...(virtualInterfaces === '' ? [] : ['-k', virtualInterfaces]),
    ...(excludeInterfaces === '' ? [] : ['-c', excludeInterfaces]),
  ];
}

/**
 * Where the user's own container says as whom the sidecar runs, it is that user's connections that are not redirected, and the check
 * runs as that user; in place. Root's connections are the application's, too, so that root changes nothing.
 */
export function followUser(init: Container | undefined, user: Container['securityContext']): void {
  if (!init) return;
  const { runAsUser, runAsGroup } = user ?? {};
  if (init.name === validationName) {
    init.securityContext = {
      ...init.securityContext,
      ...(runAsUser === undefined ? {} : { runAsUser }),
      ...(runAsGroup === undefined ? {} : { runAsGroup }),
    };
  }
  if (runAsUser) setArgument(init, '-u', String(runAsUser));
  if (runAsGroup) setArgument(init, '-g', String(runAsGroup));
}

function setArgument(init: Container, flag: string, value: string): void {
  const args = [...(init.args ?? [])];
  const at = args.indexOf(flag);
  if (at >= 0) args[at + 1] = value;
  else if (args.includes('-u')) args.splice(args.indexOf('-u') + 2, 0, flag, value);
  init.args = args;
}
