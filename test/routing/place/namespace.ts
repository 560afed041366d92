// A network of its own for one worker: every address is local, and what the client sends to the mesh is redirected to the proxy.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Role } from '../corpus.ts';
import { inboundAddress } from '../layout.ts';
import { ports } from './engine.ts';

/** The group that the proxy runs as: its own connections are not redirected. */
export const proxyGid = 1337;

function run(command: string, args: readonly string[], input?: string): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', input: input ?? '' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

function there(program: string): boolean {
  return ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(`${folder}/${program}`));
}

/** Why there can be no network of its own here; installs what it needs where that is possible. */
export function whyNoNamespace(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'this is not root: network namespaces and redirection need it';
  if (!there('unshare')) return 'unshare (util-linux) is not installed';
  if (!there('ip') || !there('iptables-legacy-restore')) {
    console.log('Installing iptables and iproute2 …');
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', 'iptables', 'iproute2'],
    ]) {
      const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
      if (status !== 0) return 'iptables and iproute2 are not installed, and apt-get does not install them';
    }
  }
  const { status, stderr } = spawnSync(
    'unshare',
    ['-n', 'iptables-legacy', '-w', '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports', '1'],
    {
      encoding: 'utf8',
    },
  );
  return status === 0 ? undefined : `a private network namespace with redirection is not possible: ${stderr.trim()}`;
}

/** Prepares the namespace that this process is in. */
export function prepareNamespace(): void {
  run('ip', ['link', 'set', 'lo', 'up']);
  run('ip', ['route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo', 'table', 'local']);
  run('ip', ['route', 'add', 'default', 'dev', 'lo']);
}

/** Redirects as the init container of a pod does for this role; a gateway is connected to as it is. */
export function redirect(role: Role): void {
  const rules = {
    outbound: [
      `-A OUTPUT -p tcp -m owner --gid-owner ${proxyGid} -j RETURN`,
      '-A OUTPUT -p tcp -d 127.0.0.0/8 -j RETURN',
      `-A OUTPUT -p tcp -j REDIRECT --to-ports ${ports.outbound}`,
    ],
    inbound: [`-A OUTPUT -p tcp -m owner --gid-owner ${proxyGid} -j RETURN`, `-A OUTPUT -p tcp -d ${inboundAddress} -j REDIRECT --to-ports ${ports.inbound}`],
    gateway: [],
  }[role];
  run('iptables-legacy-restore', ['-w'], ['*nat', ':OUTPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n'));
}
