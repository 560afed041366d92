// Whether a proxy asks for all that its resources refer to.
import { typeUrls } from '../type-urls.ts';
import { referredType } from './references.ts';
import { diffOf, emptySet } from './set-diff.ts';
import type { Subscription } from './subscription.ts';
import type { ResourceSet } from './view.ts';

export interface ReferenceFacts {
  subscription(typeUrl: string): Subscription | undefined;
  /** Whether the proxy has certainly taken a route configuration: before that, its virtual hosts are nothing to it. */
  hasRoutes(name: string): boolean;
}

/** An Envoy asks for these by itself, for the second when it has all of the first. Both refer to Secrets, too. */
const asked: readonly string[] = [typeUrls.cluster, typeUrls.listener];

export class References {
  readonly #facts: ReferenceFacts;
  /** By type: the last set of which everything was asked for, so that of the next one only what has changed is looked at. */
  readonly #checked = new Map<string, ResourceSet>();

  constructor(facts: ReferenceFacts) {
    this.#facts = facts;
  }

  /** Other names of this type are asked for than before. */
  changed(typeUrl: string): void {
    for (const [referring, referred] of Object.entries(referredType)) if (typeUrl === referring || typeUrl === referred) this.#checked.delete(referring);
    if (typeUrl === typeUrls.secret) for (const referring of asked) this.#checked.delete(referring);
  }

  areAsked(): boolean {
    const { subscription } = this.#facts;
    // Who asks for parts of tables asks for all.
    if (subscription(typeUrls.tablePart)) return true;
    return asked.every((typeUrl) => subscription(typeUrl)) && Object.keys(referredType).every((typeUrl) => this.#areAskedOf(typeUrl));
  }

  #areAskedOf(typeUrl: string): boolean {
    const subscription = this.#facts.subscription(typeUrl);
    if (!subscription) return true;
    const { target } = subscription;
    const ofSecrets = this.#facts.subscription(typeUrls.secret);
    const to = this.#facts.subscription(referredType[typeUrl] as string);
    const isAsked = (name: string): boolean =>
      typeUrl === typeUrls.routes ? this.#facts.hasRoutes(name) || !subscription.names(name) : to?.names(name) === true;
    for (const { refers = [], secrets = [] } of diffOf(this.#checked.get(typeUrl) ?? emptySet, target).changed) {
      if (refers.length > 0 && !(to && refers.every(isAsked))) return false;
      if (secrets.some((name) => !ofSecrets?.names(name))) return false;
    }
    this.#checked.set(typeUrl, target);
    return true;
  }
}
