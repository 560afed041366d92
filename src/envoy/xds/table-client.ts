// The embedded sidecar's end of the control plane: it asks for its routing table by ADS (delta), and takes what comes.
import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import type { ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import { nodeOf, type ProxyNode } from '../node.ts';
import { secretReferences } from '../secret-references.ts';
import type { SecretContent } from '../secrets.ts';
import { typeUrls } from '../type-urls.ts';
import { type DeltaRequest, type DeltaResponse, decodeDeltaResponse, encodeDeltaRequest } from './client-messages.ts';
import { detailsOf } from './grpc-details.ts';
import { SecretReplica } from './secret-replica.ts';
import { discoveryService } from './services.ts';
import { TableReplica } from './table-replica.ts';

/** How a control plane is spoken to. */
export interface Channel {
  credentials: ChannelCredentials;
  /** Of gRPC channels. */
  options: Readonly<Record<string, string | number>>;
  /** Says who calls. */
  metadata: Metadata;
}

export interface TableClientSettings {
  /** `HOST:PORT` or `unix:PATH`. */
  address: string;
  /** Asked for each connection, because what it is made of changes. Absent: plain text. @throws Error that says why there is none */
  channel?: () => Promise<Channel>;
  proxy: ProxyIdentity;
  version: string;
  /** Takes a table; the next one comes when it has. @throws Error where the table is refused: the one before goes on */
  take(table: RoutingTable): Promise<void>;
  /** Secrets that the table names, by `NAMESPACE/NAME`, as far as the control plane gives them; before the table, and when they change. */
  secrets?(found: ReadonlyMap<string, SecretContent>): void;
  events: TableClientEvents;
}

export interface TableClientEvents {
  connected(): void;
  /** The stream has ended; another one is tried after `retryMs`. `detail`: as the other side, or the network, has it. */
  disconnected(detail: string, retryMs: number): void;
  /** A table was refused, which the control plane is told. */
  refused(problem: string): void;
}

const method = discoveryService.DeltaAggregatedResources;

/** Between two attempts: by chance and growing, so that many proxies do not come back at the same time. */
const backoff = { baseMs: 500, maxMs: 10_000 };

/** A connection on which nothing answers for this long is given up. */
const keepalive = { timeMs: 30_000, timeoutMs: 10_000 };

/** A table waits so long for a word about the Secrets that it names. */
const secretsMs = 5_000;

/** A control plane with nothing to send says nothing: what it does not end within this time has been accepted. */
const acceptedMs = 1_000;

type Stream = ClientDuplexStream<DeltaRequest, Buffer>;

export class TableClient {
  private readonly settings: TableClientSettings;
  private readonly node: ProxyNode;
  private readonly replica: TableReplica;
  private readonly secrets = new SecretReplica();
  /** Somebody waits for a word about Secrets. */
  private secretsAnswered: (() => void) | undefined;
  private stream: Stream | undefined;
  private retry: NodeJS.Timeout | undefined;
  private attempts = 0;
  private closed = false;
  /** What is here was refused: whoever sends it again is to hear that again. */
  private isRefused = false;

  constructor(settings: TableClientSettings) {
    this.settings = settings;
    this.node = nodeOf({ identity: settings.proxy, options: { meshTls: 'none' } });
    this.replica = new TableReplica(settings.proxy);
  }

  /** Connects, and again whenever the connection is lost, until `close`. */
  start(): void {
    void this.run().then((detail) => {
      if (this.closed) return;
      const retryMs = Math.random() * Math.min(backoff.maxMs, backoff.baseMs * 2 ** this.attempts);
      this.attempts++;
      this.settings.events.disconnected(detail, retryMs);
      this.retry = setTimeout(() => this.start(), retryMs);
    });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.stream?.cancel();
  }

  /** One stream, from its beginning to its end. @returns why it ended */
  private async run(): Promise<string> {
    let channel: Channel;
    try {
      channel = (await this.settings.channel?.()) ?? plain();
    } catch (error) {
      return (error as Error).message;
    }
    if (this.closed) return 'closed';
    // A client of its own: the backoff of a shared one would come on top.
    const client = new Client(this.settings.address, channel.credentials, {
      ...channel.options,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': keepalive.timeMs,
      'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
      // A control plane is not reached through a proxy of the environment.
      'grpc.enable_http_proxy': 0,
    });
    const stream: Stream = client.makeBidiStreamRequest(method.path, encodeDeltaRequest, method.responseDeserialize, channel.metadata);
    this.stream = stream;
    let status: StatusObject | undefined;
    stream.on('status', (ended: StatusObject) => {
      status = ended;
    });
    const connected = new Connected(client, stream, () => {
      this.attempts = 0;
      this.settings.events.connected();
    });
    if (this.isRefused) this.replica.clear();
    stream.write({
      node: this.node,
      userAgent: { name: 'weft', version: this.settings.version },
      typeUrl: typeUrls.tablePart,
      subscribe: ['*'],
      initialVersions: this.replica.versions,
    });
    this.secrets.restart();
    /** One table after the other; Secrets come meanwhile. */
    let tables = Promise.resolve();
    try {
      for await (const message of stream as AsyncIterable<Buffer>) {
        const response = decodeDeltaResponse(message);
        if (response.typeUrl === typeUrls.secret) this.takeSecrets(stream, response);
        else if (response.typeUrl === typeUrls.tablePart) tables = tables.then(() => this.answer(stream, response));
      }
    } catch (error) {
      return detailsOf(error);
    } finally {
      connected.end();
      this.stream = undefined;
      client.close();
      this.secretsAnswered?.();
      await tables;
    }
    return status?.details || 'the control plane has ended the stream';
  }

  private async answer(stream: Stream, response: DeltaResponse): Promise<void> {
    const state = this.replica.update(response);
    if (state.kind === 'complete') await this.askForSecrets(stream, state.table);
    const refusal = await this.take(state);
    this.isRefused = refusal !== undefined;
    if (refusal !== undefined) this.settings.events.refused(refusal);
    if (!stream.destroyed) stream.write({ typeUrl: typeUrls.tablePart, nonce: response.nonce, ...(refusal === undefined ? {} : { refusal }) });
  }

  /** What a new table names is to be there before it. */
  private async askForSecrets(stream: Stream, table: RoutingTable): Promise<void> {
    const { secrets } = this;
    if (!this.settings.secrets) return;
    const { versions } = secrets;
    const { subscribe, unsubscribe } = secrets.want(secretReferences(table));
    if (subscribe.length + unsubscribe.length > 0) {
      const initialVersions = new Map([...versions].filter(([name]) => subscribe.includes(name)));
      if (!stream.destroyed) stream.write({ typeUrl: typeUrls.secret, subscribe, unsubscribe, initialVersions });
      this.settings.secrets(secrets.contents());
    }
    if (secrets.isAnswered || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, secretsMs);
      this.secretsAnswered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.secretsAnswered = undefined;
  }

  private takeSecrets(stream: Stream, response: DeltaResponse): void {
    const refusal = this.secrets.update(response);
    if (refusal !== undefined) this.settings.events.refused(refusal);
    if (!stream.destroyed) stream.write({ typeUrl: typeUrls.secret, nonce: response.nonce, ...(refusal === undefined ? {} : { refusal }) });
    this.settings.secrets?.(this.secrets.contents());
    if (this.secrets.isAnswered) this.secretsAnswered?.();
  }

  /** @returns why it is refused */
  private async take(state: ReturnType<TableReplica['update']>): Promise<string | undefined> {
    if (state.kind === 'unreadable') return state.problem;
    if (state.kind === 'incomplete') return undefined;
    try {
      await this.settings.take(state.table);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function plain(): Channel {
  return { credentials: credentials.createInsecure(), options: {}, metadata: new Metadata() };
}

/** Tells once that a stream has a control plane at its other end. */
class Connected {
  private timer: NodeJS.Timeout | undefined;
  private done = false;

  constructor(client: Client, stream: Stream, tell: () => void) {
    const once = (): void => {
      if (this.done) return;
      this.end();
      tell();
    };
    stream.once('metadata', once);
    client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
      if (!error && !this.done) this.timer = setTimeout(once, acceptedMs);
    });
  }

  end(): void {
    this.done = true;
    clearTimeout(this.timer);
  }
}
