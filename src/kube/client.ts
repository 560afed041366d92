import type { Duplex } from 'node:stream';
import { discover, type KubeResource } from './discovery.ts';
import { KubeError } from './error.ts';
import { KindCache } from './kinds.ts';
import { type KubeList, type ListOptions, listObjects } from './list.ts';
import { type KubeObject, type ObjectRef, refOf, refText, withoutManagedFields } from './object.ts';
import { type Query, resourcePath, splitApiVersion, withQuery } from './path.ts';
import { type Repeatable, withRetries } from './retry.ts';
import { serverText } from './status.ts';
import type { Dial, Transport } from './transport.ts';
import { type Opener, type WatchEvent, type WatchOptions, watchObjects } from './watch.ts';

export type { KubeResource } from './discovery.ts';
export type { KubeList, ListOptions } from './list.ts';
export type { WatchEvent, WatchOptions } from './watch.ts';

export interface RequestOptions {
  /** Default: GET. */
  method?: string;
  query?: Query;
  /** Sent as JSON. */
  body?: unknown;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** `false`: one try. Else what is safe to send again is, by its method; see retry.ts. */
  retry?: boolean;
  /** What it is for, in errors, after `cannot `: `list pods`. Default: the method and the path. */
  purpose?: string;
}

export interface ApplyOptions {
  /** Default: `weft`. */
  fieldManager?: string;
  /** Fields that other managers own are taken over. */
  force?: boolean;
  /** The server checks and answers as if it did it. */
  dryRun?: boolean;
  signal?: AbortSignal | undefined;
}

export interface PatchOptions {
  /** Default: merge. */
  type?: 'merge' | 'json' | 'apply';
  subresource?: string;
  /** Default: `weft`. */
  fieldManager?: string;
}

export interface DeleteOptions {
  propagation?: 'Foreground' | 'Background' | 'Orphan';
  /** Only the object with this uid: not one that has taken its name since. */
  uid?: string;
}

export interface ClientSettings {
  context: string;
  namespace: string;
  timeoutMs: number;
}

const contentTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  // JSON is YAML.
  apply: 'application/apply-patch+yaml',
} as const;

/** Who owns the fields that weft writes. */
const ourManager = 'weft';

/**
 * A cluster, through its API. All methods throw KubeError and nothing else.
 *
 * Objects travel as they are: no field is dropped that this program does not know.
 */
export class KubeClient {
  /** Name of the context; empty in a cluster. */
  readonly context: string;
  /** URL of the API server. */
  readonly server: string;
  /** That of the context, else `default`. */
  readonly namespace: string;
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #kinds = new KindCache(() => discover(this));

  constructor(transport: Transport, { context, namespace, timeoutMs }: ClientSettings) {
    this.#transport = transport;
    this.context = context;
    this.server = transport.endpoint.server;
    this.namespace = namespace;
    this.#timeoutMs = timeoutMs;
  }

  /** JSON out, JSON in. `T` is what the caller expects: it is not checked. */
  async request<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const { method = 'GET', query, body, accept = 'application/json', signal, timeoutMs = this.#timeoutMs } = options;
    const purpose = options.purpose ?? `${method} ${path}`;
    const contentType = options.contentType ?? 'application/json';
    const exchange = {
      method,
      path: withQuery(path, query),
      headers: { accept, ...(body === undefined ? {} : { 'content-type': contentType }) },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      signal,
      timeoutMs,
      purpose,
    };
    const repeatable = options.retry === false ? 'never' : repeatableOf(method, contentType);
    const answer = await withRetries(() => this.#withCredentials(() => this.#transport.exchange(exchange)), repeatable, signal);
    try {
      return JSON.parse(answer.toString()) as T;
    } catch (error) {
      const at = serverText(this.#transport.endpoint);
      throw new KubeError(`cannot ${purpose}: ${at} does not answer with JSON`, {
        reason: 'BadAnswer',
        help: `Is there an API server at ${this.server}, or something else?`,
        cause: error,
      });
    }
  }

  async #withCredentials<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      // The server has done nothing of a request that it does not accept: the same may be sent again.
      if (error instanceof KubeError && error.status === 401 && (await this.#transport.renewCredentials())) return run();
      throw error;
    }
  }

  version(): Promise<{ major: string; minor: string; gitVersion: string }> {
    return this.request('/version', { purpose: 'ask for the version of the cluster' });
  }

  /** All kinds that the cluster serves, each version of them; the preferred one of a group first. Asked for once. */
  resources(): Promise<readonly KubeResource[]> {
    return this.#kinds.all();
  }

  /**
   * @param options `fresh` asks the cluster again, as after CRDs were made
   * @returns undefined where the cluster does not serve the kind
   */
  resource(apiVersion: string, kind: string, options: { fresh?: boolean } = {}): Promise<KubeResource | undefined> {
    return this.#kinds.find(apiVersion, kind, options.fresh ?? false);
  }

  /** @returns undefined where there is no such object, or no such kind */
  async get(ref: ObjectRef): Promise<KubeObject | undefined> {
    const resource = await this.resource(ref.apiVersion, ref.kind);
    if (!resource) return undefined;
    try {
      return await this.request<KubeObject>(this.#pathOf(resource, ref), { purpose: `read ${refText(ref)}` });
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All objects of a kind, in pages; `apiVersion` and `kind` are filled in. */
  list(resource: KubeResource, options: ListOptions = {}): Promise<KubeList> {
    return listObjects(this, resource, options);
  }

  /** @throws KubeError 'AlreadyExists' */
  async create(object: KubeObject): Promise<KubeObject> {
    const ref = refOf(object);
    const resource = await this.#served(ref, 'create');
    const path = resourcePath(resource, this.#namespaceOf(resource, ref));
    return this.request(path, { method: 'POST', query: { fieldManager: ourManager }, body: object, purpose: `create ${refText(ref)}` });
  }

  /** Replaces an object. @throws KubeError 'Conflict' where it has another resource version than `object` */
  async update(object: KubeObject): Promise<KubeObject> {
    const ref = refOf(object);
    const resource = await this.#served(ref, 'update');
    return this.request(this.#pathOf(resource, ref), { method: 'PUT', query: { fieldManager: ourManager }, body: object, purpose: `update ${refText(ref)}` });
  }

  async patch(ref: ObjectRef, patch: unknown, options: PatchOptions = {}): Promise<KubeObject> {
    const { type = 'merge', subresource, fieldManager = ourManager } = options;
    const resource = await this.#served(ref, 'change');
    const purpose = `change ${subresource ? `the ${subresource} of ` : ''}${refText(ref)}`;
    return this.request(this.#pathOf(resource, ref, subresource), {
      method: 'PATCH',
      query: { fieldManager },
      body: patch,
      contentType: contentTypes[type],
      purpose,
    });
  }

  /**
   * Server-side apply: the fields of `object` are from now on those of the field manager, and what it had before and has not now is
   * removed.
   *
   * @throws KubeError 'Conflict' with `conflicts` where another manager owns a field that has another value
   */
  async apply(object: KubeObject, options: ApplyOptions = {}): Promise<KubeObject> {
    const { fieldManager = ourManager, force, dryRun, signal } = options;
    const ref = refOf(object);
    const resource = await this.#served(ref, 'apply');
    return this.request(this.#pathOf(resource, ref), {
      method: 'PATCH',
      query: { fieldManager, force: force || undefined, dryRun: dryRun ? 'All' : undefined },
      body: withoutManagedFields(object),
      contentType: contentTypes.apply,
      signal,
      purpose: `apply ${refText(ref)}`,
    });
  }

  /** @returns false: it was not there. What has finalizers goes later */
  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { propagation = 'Background', uid } = options;
    const resource = await this.resource(ref.apiVersion, ref.kind);
    if (!resource) return false;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, ...(uid === undefined ? {} : { preconditions: { uid } }) };
    try {
      await this.request(this.#pathOf(resource, ref), { method: 'DELETE', body, purpose: `delete ${refText(ref)}` });
      return true;
    } catch (error) {
      // What has another uid is another object: the one that was meant is gone.
      if (error instanceof KubeError && (error.status === 404 || (uid !== undefined && error.status === 409))) return false;
      throw error;
    }
  }

  /**
   * Changes after `resourceVersion`, until the signal aborts or the server ends it, after some minutes.
   *
   * @throws KubeError of status 410 when the server does not know the changes since then: list again
   */
  watch(resource: KubeResource, options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    const open: Opener = (request, idleMs) => withRetries(() => this.#withCredentials(() => this.#transport.open(request, idleMs)), 'read', options.signal);
    return watchObjects(open, this.#transport.endpoint, resource, options, this.#timeoutMs);
  }

  /**
   * The bytes of an answer as they come, to be read to the end or left early. Reading throws where nothing comes for `idleMs`.
   *
   * @param idleMs default: the time for one answer
   */
  stream(
    path: string,
    options: Pick<RequestOptions, 'query' | 'accept' | 'signal' | 'timeoutMs'> & { purpose: string },
    idleMs = options.timeoutMs ?? this.#timeoutMs,
  ): Promise<AsyncGenerator<Buffer, void, undefined>> {
    const { query, accept = '*/*', signal, timeoutMs = this.#timeoutMs, purpose } = options;
    const request = { method: 'GET', path: withQuery(path, query), headers: { accept }, signal, timeoutMs, purpose };
    return withRetries(() => this.#withCredentials(() => this.#transport.open(request, idleMs)), 'read', signal);
  }

  /**
   * A connection that the server turns over to another protocol.
   *
   * @param dial sends the request for it, and makes the connection of what it gets
   * @returns it, until it is destroyed; aborting the signal and closing the client do that, too, with an error
   */
  upgrade<T extends Duplex>(
    path: string,
    options: Pick<RequestOptions, 'method' | 'query' | 'signal' | 'timeoutMs'> & { purpose: string },
    dial: Dial<T>,
  ): Promise<T> {
    const { method = 'GET', query, signal, timeoutMs = this.#timeoutMs, purpose } = options;
    const request = { method, path: withQuery(path, query), headers: {}, signal, timeoutMs, purpose };
    return withRetries(() => this.#withCredentials(() => this.#transport.upgrade(request, dial)), 'idempotent', signal);
  }

  /** Whether the user of this client may do it, by what the server says. */
  async canI(attributes: { verb: string; group: string; resource: string; namespace?: string; name?: string }): Promise<boolean> {
    const review = await this.request<{ status?: { allowed?: boolean } }>('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      method: 'POST',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: attributes } },
      purpose: `ask whether this user may ${attributes.verb} ${attributes.resource}`,
    });
    return review.status?.allowed === true;
  }

  /**
   * The same of a service account, whether there is one of this name or not.
   *
   * @throws KubeError of reason Forbidden for users who may not ask
   */
  async canAccount({ namespace, name }: { namespace: string; name: string }, attributes: Parameters<KubeClient['canI']>[0]): Promise<boolean> {
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    const spec = { user: `system:serviceaccount:${namespace}:${name}`, groups, resourceAttributes: attributes };
    const review = await this.request<{ status?: { allowed?: boolean } }>('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      method: 'POST',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec },
      purpose: `ask whether service account ${namespace}/${name} may ${attributes.verb} ${attributes.resource}`,
    });
    return review.status?.allowed === true;
  }

  /** Ends its connections, so that the process can end. What is under way fails, and so does every later request. */
  close(): void {
    this.#transport.close();
  }

  async #served(ref: ObjectRef, verb: string): Promise<KubeResource> {
    const resource = await this.resource(ref.apiVersion, ref.kind);
    if (resource) return resource;
    const { group } = splitApiVersion(ref.apiVersion);
    throw new KubeError(`cannot ${verb} ${refText(ref)}: the cluster has no kind ${ref.kind} of ${ref.apiVersion}`, {
      reason: 'NotFound',
      status: 404,
      help: group.includes('.') && !group.endsWith('.k8s.io') ? `Install the CustomResourceDefinitions of ${group} first.` : undefined,
    });
  }

  #pathOf(resource: KubeResource, ref: ObjectRef, subresource?: string): string {
    if (!ref.name) throw new KubeError(`a ${ref.kind} without a name cannot be asked for`, { reason: 'Invalid' });
    return resourcePath(resource, this.#namespaceOf(resource, ref), ref.name, subresource);
  }

  #namespaceOf(resource: KubeResource, ref: ObjectRef): string | undefined {
    return resource.namespaced ? ref.namespace || this.namespace : undefined;
  }
}

function repeatableOf(method: string, contentType: string): Repeatable {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' || contentType === contentTypes.apply ? 'idempotent' : 'write';
}
