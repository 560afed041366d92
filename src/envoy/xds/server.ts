import type { TLSSocket } from 'node:tls';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadEnvoyApi } from '../proto/api.ts';
import { type ClientStatus, clientStatusResponse } from './client-status.ts';
import { type Clock, Debounce, systemClock } from './clock.ts';
import { type ProvingCall, provenFirst } from './proven-first.ts';
import { quietGrpc } from './quiet-grpc.ts';
import { discoveryService, statusMessages, statusService } from './services.ts';
import { type Admitted, type Call, Stream, type StreamProgress } from './stream.ts';
import { type ViewSource, XdsDenial, type XdsNode, type XdsVariant } from './view.ts';
import { WriteBudget } from './write-budget.ts';

export interface XdsServerSettings {
  /** A change is sent when there was none for so long. */
  debounceMs: number;
  /** It is sent after this time in any case. */
  debounceMaxMs: number;
  /** What depends on a response waits for its answer no longer than this. Default: 5 s. */
  answerTimeoutMs?: number;
  /** Bytes that may wait for the network, in all streams together. Default: 2 MiB. */
  writeBudget?: number;
  /** Pings after `timeMs` without traffic; a connection that does not answer for `timeoutMs` is closed. Default: 30 s, 10 s. */
  keepalive?: { timeMs: number; timeoutMs: number };
  clock?: Clock;
  events?: Partial<XdsServerEvents>;
  /** Of the connections of `taker`. */
  secured?: SecuredSettings;
  /** Further services for those who get everything in plain text. */
  services?: readonly Service[];
  /** Whether those get Secrets, too: where only who may read them anyway can connect. Default: no. */
  secretsInPlain?: boolean;
}

export interface Service {
  definition: ServiceDefinition;
  handlers: UntypedServiceImplementation;
}

/** What holds for connections that others have made safe. */
export interface SecuredSettings {
  /** Whether somebody has proven who they are: before anything is read of what they send. @throws XdsDenial */
  prove(call: ProvingCall): Promise<void>;
  /** Who opens a stream; it has proven who it is. @throws XdsDenial for somebody who may not */
  admit(call: Call): Promise<Admitted>;
  /** Whether somebody may ask what all proxies have. @throws XdsDenial */
  admitStatus(call: StatusCall): Promise<void>;
  /** Further services for them. */
  services: readonly Service[];
}

export type StatusCall = ServerUnaryCall<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** A connected proxy, for logs. */
export interface XdsPeer {
  node: XdsNode;
  variant: XdsVariant;
  /** Address and port. */
  peer: string;
}

export interface XdsServerEvents {
  connected(peer: XdsPeer): void;
  /** @param problem why this side has ended the stream; undefined: the proxy has, or the network */
  disconnected(peer: XdsPeer, problem: string | undefined): void;
  /** A proxy refuses a response, in its own words, and goes on with what it had. */
  refused(peer: XdsPeer, typeUrl: string, text: string): void;
  /** A proxy asks for Secrets that it does not get. */
  secretsDenied(peer: XdsPeer, reason: string): void;
}

const tickMs = 1_000;

/** Of connections that anybody can open: a proxy has a few streams, and a connection without any is of no use for long. */
const limitsOfStrangers = { 'grpc.max_concurrent_streams': 100, 'grpc.max_connection_idle_ms': 5 * 60_000 };

/** Serves views over ADS, and over CSDS who has what. */
export class XdsServer {
  readonly #source: ViewSource;
  readonly #settings: XdsServerSettings;
  readonly #clock: Clock;
  readonly #streams = new Set<Stream>();
  readonly #debounce: Debounce;
  readonly #budget: WriteBudget;
  /** For plain text, and for connections that others have made safe. */
  readonly #plain: Server;
  readonly #secured: Server | undefined;
  #stopTicking: (() => void) | undefined;
  #isClosing = false;

  constructor(source: ViewSource, settings: XdsServerSettings) {
    this.#source = source;
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    this.#debounce = new Debounce(this.#clock, settings.debounceMs, settings.debounceMaxMs, () => this.#push());
    this.#budget = new WriteBudget(settings.writeBudget ?? 2 << 20);
    quietGrpc();
    this.#plain = this.#newServer(undefined);
    this.#secured = settings.secured && this.#newServer(settings.secured);
  }

  #newServer(secured: SecuredSettings | undefined): Server {
    const { timeMs, timeoutMs } = this.#settings.keepalive ?? { timeMs: 30_000, timeoutMs: 10_000 };
    const server = new Server({
      ...(secured ? { interceptors: [provenFirst((call) => secured.prove(call))], ...limitsOfStrangers } : {}),
      'grpc.keepalive_time_ms': timeMs,
      'grpc.keepalive_timeout_ms': timeoutMs,
      // The first request after a reconnection has a version of each resource.
      'grpc.max_receive_message_length': 64 << 20,
      'grpc.max_send_message_length': -1,
    });
    server.addService(discoveryService, this.#discovery(secured));
    server.addService(statusService, this.#status(secured));
    for (const { definition, handlers } of (secured ?? this.#settings).services ?? []) server.addService(definition, handlers);
    return server;
  }

  /** The source has new views, or may have. */
  changed(): void {
    if (!this.#isClosing) this.#debounce.changed();
  }

  /** Of the connected proxies that have said who they are. */
  statuses(): ClientStatus[] {
    return [...this.#streams].flatMap((stream) => {
      const { node } = stream;
      return node ? [{ node, variant: stream.variant, types: stream.types() }] : [];
    });
  }

  /** How far each of them has come. */
  progress(): StreamProgress[] {
    return [...this.#streams].flatMap((stream) => stream.progress() ?? []);
  }

  /** Nodes of the connected proxies. */
  nodes(): XdsNode[] {
    return [...this.#streams].flatMap(({ node }) => node ?? []);
  }

  /**
   * @param address `HOST:PORT`, port 0 for any that is free, or `unix:PATH`; plain text
   * @returns the port
   * @throws Error where the address cannot be had
   */
  listen(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#plain.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(new Error(`cannot listen on ${address}: ${/errors: \[(.*)\]/s.exec(error.message)?.[1] ?? error.message}`));
        else resolve(port);
      });
      this.#tick();
    });
  }

  /** @returns what takes connections over that others have made safe: their TLS handshake is done, and HTTP/2 follows */
  taker(): (socket: TLSSocket) => void {
    if (!this.#secured) throw new Error('nobody says who may call');
    const injector = this.#secured.createConnectionInjector(ServerCredentials.createInsecure());
    this.#tick();
    return (socket) => injector.injectConnection(socket);
  }

  /** Ends all streams, one after the other over `drainMs`, so that the proxies do not all go to the next server at once. */
  async close({ drainMs = 0 }: { drainMs?: number } = {}): Promise<void> {
    this.#isClosing = true;
    this.#debounce.stop();
    const streams = [...this.#streams];
    for (const [i, stream] of streams.entries()) {
      if (drainMs > 0 && i > 0) await new Promise<void>((resolve) => this.#clock.after(drainMs / streams.length, resolve));
      stream.end(status.UNAVAILABLE, 'the control plane is shutting down');
    }
    this.#stopTicking?.();
    await Promise.all([this.#shutDown(this.#plain), this.#secured && this.#shutDown(this.#secured)]);
  }

  #shutDown(server: Server): Promise<void> {
    return new Promise<void>((resolve) => {
      const cancel = this.#clock.after(1_000, () => {
        server.forceShutdown();
        resolve();
      });
      server.tryShutdown(() => {
        cancel();
        resolve();
      });
    });
  }

  #push(): void {
    for (const stream of [...this.#streams]) stream.refresh();
  }

  /** Once for all that it listens on. */
  #tick(): void {
    this.#stopTicking?.();
    this.#stopTicking = this.#clock.after(tickMs, () => {
      for (const stream of [...this.#streams]) stream.tick();
      this.#tick();
    });
  }

  #accept(call: Call, variant: XdsVariant, secured: SecuredSettings | undefined): void {
    const { answerTimeoutMs = 5_000, secretsInPlain = false, events } = this.#settings;
    const peerOf = (stream: Stream): XdsPeer | undefined => stream.node && { node: stream.node, variant, peer: stream.peer };
    const stream: Stream = new Stream(call, {
      admit: secured && ((one) => secured.admit(one)),
      secretsForAll: secured === undefined && secretsInPlain,
      variant,
      source: this.#source,
      clock: this.#clock,
      budget: this.#budget,
      answerTimeoutMs,
      started(one) {
        const peer = peerOf(one);
        if (peer) events?.connected?.(peer);
      },
      refused(one, typeUrl, text) {
        const peer = peerOf(one);
        if (peer) events?.refused?.(peer, typeUrl, text);
      },
      secretsDenied(one, reason) {
        const peer = peerOf(one);
        if (peer) events?.secretsDenied?.(peer, reason);
      },
      ended: (one, problem) => {
        this.#streams.delete(one);
        const peer = peerOf(one);
        if (peer) events?.disconnected?.(peer, problem);
      },
    });
    if (this.#isClosing) stream.end(status.UNAVAILABLE, 'the control plane is shutting down');
    else this.#streams.add(stream);
  }

  #discovery(secured: SecuredSettings | undefined): UntypedServiceImplementation {
    return {
      StreamAggregatedResources: (call: Call) => this.#accept(call, 'sotw', secured),
      DeltaAggregatedResources: (call: Call) => this.#accept(call, 'delta', secured),
    };
  }

  #status(secured: SecuredSettings | undefined): UntypedServiceImplementation {
    const answer = async (call: StatusCall, request: Buffer): Promise<Buffer> => {
      await secured?.admitStatus(call);
      const api = loadEnvoyApi();
      const { node_matchers } = api.decode(statusMessages.request, request);
      if (node_matchers !== undefined) throw new Error('node_matchers are not known here: ask for all');
      return Buffer.from(api.encode(statusMessages.response, clientStatusResponse(this.statuses())));
    };
    const refusal = (error: unknown): { code: number; details: string } => ({
      code: error instanceof XdsDenial ? error.code : status.INVALID_ARGUMENT,
      details: (error as Error).message,
    });
    return {
      FetchClientStatus(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
        answer(call, call.request).then(
          (response) => callback(null, response),
          (error: unknown) => callback(refusal(error)),
        );
      },
      StreamClientStatus(call: ServerDuplexStream<Buffer, Buffer>) {
        /** Answers in the order of the requests. */
        let before = Promise.resolve();
        call.on('data', (request: Buffer) => {
          before = before.then(async () => {
            try {
              call.write(await answer(call, request));
            } catch (error) {
              call.emit('error', refusal(error));
            }
          });
        });
        call.on('end', () => void before.then(() => call.end()));
      },
    };
  }
}
