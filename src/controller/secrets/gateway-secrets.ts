// The Secrets that gateways name by `credentialName`: followed in the namespaces that somebody needs some of, and nowhere else.

import type { SecretReference } from '../../envoy/secret-references.ts';
import { Debounce, systemClock } from '../../envoy/xds/clock.ts';
import type { SecretSource } from '../../envoy/xds/proxy-secrets.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeError } from '../../kube/error.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import type { NamedCredentials } from '../../proxy/tls/credentials.ts';
import { NamespaceSecrets } from './namespace-secrets.ts';
import { mayNameSecret, splitSecretName } from './secret-rights.ts';

export interface GatewaySecretsSettings {
  client: KubeClient;
  mesh(): Mesh;
  /** What proxies are to have is something else. */
  changed(): void;
  /** Those of a namespace cannot be read. */
  unreadable(): void;
  log: ScopeLog;
}

/** A namespace whose Secrets somebody needs. */
export interface SecretsState {
  namespace: string;
  /** With something for TLS. */
  secrets: number;
  isKnown: boolean;
  problem: string | undefined;
}

/** Many Secrets may change at once. */
const debounce = { quietMs: 50, longestMs: 1_000 };

export class GatewaySecrets implements SecretSource {
  private readonly settings: GatewaySecretsSettings;
  private readonly namespaces = new Map<string, NamespaceSecrets>();
  private readonly debounce: Debounce;
  /** What was told of a Secret, by `NAMESPACE/NAME`, until it was there. */
  private readonly told = new Map<string, string>();

  constructor(settings: GatewaySecretsSettings) {
    this.settings = settings;
    this.debounce = new Debounce(systemClock, debounce.quietMs, debounce.longestMs, () => settings.changed());
  }

  find(secret: string, proxy: ProxyIdentity): NamedCredentials | undefined {
    const { namespace, name } = splitSecretName(secret);
    const found = this.mayHave(namespace, name, proxy) ? this.follow(namespace).find(name) : undefined;
    if (found) this.told.delete(secret);
    return found;
  }

  isComing(secret: string, proxy: ProxyIdentity): boolean {
    const { namespace, name } = splitSecretName(secret);
    return this.mayHave(namespace, name, proxy) && !this.follow(namespace).isKnown;
  }

  /** Told once, until it was there. */
  missing({ secret, what }: SecretReference, proxy: ProxyIdentity): void {
    const { namespace, name } = splitSecretName(secret);
    const known = this.namespaces.get(namespace);
    if (!mayNameSecret(this.settings.mesh(), { namespace, name }, proxy) || !known?.isKnown || known.problem !== undefined) return;
    this.tell(
      secret,
      what === 'pair'
        ? `there is no Secret ${secret} with a certificate and its key (tls.crt and tls.key): gateways that name it are without`
        : `there are no roots (ca.crt) in Secret ${secret.replace(/-cacert$/, '')}, nor in ${name.replace(/(?<!-cacert)$/, '-cacert')}: connections that are judged by them fail`,
    );
  }

  /** No others are needed any more. */
  retain(wanted: ReadonlySet<string>): void {
    for (const [namespace, secrets] of this.namespaces) {
      if (wanted.has(namespace)) continue;
      secrets.stop();
      this.namespaces.delete(namespace);
    }
  }

  states(): SecretsState[] {
    return [...this.namespaces].map(([namespace, { size, isKnown, problem }]) => ({ namespace, secrets: size, isKnown, problem }));
  }

  stop(): void {
    this.debounce.stop();
    this.retain(new Set());
  }

  private mayHave(namespace: string, name: string, proxy: ProxyIdentity): boolean {
    if (mayNameSecret(this.settings.mesh(), { namespace, name }, proxy)) return true;
    const problem = `Secret ${namespace}/${name} is not given to gateways of namespace ${proxy.namespace}: no ReferenceGrant in ${namespace} is for them`;
    this.tell(`${namespace}/${name}`, problem);
    return false;
  }

  private tell(secret: string, problem: string): void {
    if (this.told.get(secret) !== problem) this.settings.log.warning(problem);
    this.told.set(secret, problem);
  }

  private follow(namespace: string): NamespaceSecrets {
    const known = this.namespaces.get(namespace);
    if (known) return known;
    const { client, log, unreadable } = this.settings;
    const made = new NamespaceSecrets(client, () => client.resource('v1', 'Secret'), namespace, {
      changed: () => this.debounce.changed(),
      tell: (problem) => log.warning(problem),
      readable(error) {
        if (!error) log.info('the Secrets of a namespace can be read again', { namespace });
        else {
          unreadable();
          log.warning(unreadableText(namespace, error));
        }
      },
    });
    this.namespaces.set(namespace, made);
    return made;
  }
}

function unreadableText(namespace: string, { reason, message }: KubeError): string {
  if (reason !== 'Forbidden') return `the Secrets of namespace ${namespace} cannot be watched, and what is known of them goes on: ${message}`;
  return (
    `the Secrets of namespace ${namespace} cannot be read, and gateways there are without their certificates: ${message}. ` +
    `Allow it with controller.secretNamespaces in the values of the installation`
  );
}
