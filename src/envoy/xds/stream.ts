// A gRPC stream of the aggregated discovery service, and its session.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { typeUrls } from '../type-urls.ts';
import type { TypeStatus } from './client-status.ts';
import type { Clock } from './clock.ts';
import { nodeField, readNode } from './requests.ts';
import type { Message } from './responses.ts';
import { Session } from './session.ts';
import type { Subscription } from './subscription.ts';
import { type View, type ViewSource, withoutSecrets, XdsDenial, type XdsNode, XdsRefusal, type XdsVariant } from './view.ts';
import type { WriteBudget } from './write-budget.ts';

export type Call = ServerDuplexStream<Buffer, Buffer>;

/** Somebody who has proven who they are. */
export interface Admitted {
  /** @throws XdsDenial where they are not the proxy that a request says it is */
  check(node: XdsNode): void;
  /** Why they may not have, at this moment, the Secrets that the table of this proxy names; undefined: they may. */
  secretsDenial(node: XdsNode): string | undefined;
}

export interface StreamSettings {
  /** Who calls; nothing of what it sends is read before. Undefined: anybody may. @throws XdsDenial for somebody who has proven nothing */
  admit: ((call: Call) => Promise<Admitted>) | undefined;
  /** Whether those get Secrets, too, who have proven nothing. */
  secretsForAll: boolean;
  variant: XdsVariant;
  source: ViewSource;
  clock: Clock;
  budget: WriteBudget;
  answerTimeoutMs: number;
  /** The first request was read. */
  started(stream: Stream): void;
  refused(stream: Stream, typeUrl: string, text: string): void;
  /** It asks for Secrets that it may not have; once. */
  secretsDenied(stream: Stream, reason: string): void;
  /** @param problem why this side has ended it; undefined: the other side has */
  ended(stream: Stream, problem: string | undefined): void;
}

/** How far a proxy has come. Times are milliseconds since the epoch. */
export interface StreamProgress {
  node: XdsNode;
  /** Address and port. */
  peer: string;
  connectedAt: number;
  /** Generation of the last view of which it has acknowledged everything; -1: none yet. */
  acknowledged: number;
  /** It has yet to ask for something that it needs. */
  isStarting: boolean;
  /** What it refuses, and goes on without. */
  refusals: { typeUrl: string; text: string; time: number }[];
  /** What it was sent and has not answered. */
  unanswered: { typeUrl: string; since: number }[];
}

/** A stream that takes nothing for so long no longer counts for the budget, so that others can go on; milliseconds. */
const stuckMs = 5_000;

export class Stream {
  /** Address and port of the other side. */
  readonly peer: string;
  readonly #call: Call;
  readonly #settings: StreamSettings;
  #session: Session | undefined;
  node: XdsNode | undefined;
  readonly #connectedAt: number;
  /** A response that the network has not taken yet. */
  #unflushed: { bytes: number; since: number } | undefined;
  /** Something could not be sent because of it. */
  #isHeldUp = false;
  #isEnded = false;
  /** Why it gets no Secrets. */
  #denial: string | undefined;
  #isDenialTold = false;
  /** Undefined: nobody asks who it is. */
  #admitted: Admitted | undefined;

  constructor(call: Call, settings: StreamSettings) {
    this.#call = call;
    this.peer = call.getPeer();
    this.#settings = settings;
    this.#connectedAt = settings.clock.now();
    call.on('data', (bytes: Buffer) => this.#guarded(() => this.#receive(bytes)));
    if (settings.admit) this.#admit(settings.admit);
    call.on('cancelled', () => this.#close(undefined));
    call.on('error', () => this.#close(undefined));
    call.on('end', () => {
      this.#close(undefined);
      call.end();
    });
  }

  get variant(): XdsVariant {
    return this.#settings.variant;
  }

  #admit(admit: NonNullable<StreamSettings['admit']>): void {
    this.#call.pause();
    admit(this.#call).then(
      (admitted) => {
        this.#admitted = admitted;
        this.#call.resume();
      },
      (error: Error) =>
        this.#guarded(() => {
          throw error;
        }),
    );
  }

  #receive(bytes: Buffer): void {
    const { variant, clock } = this.#settings;
    const now = clock.now();
    if (!this.#session) {
      const node = readNode(bytes, nodeField[variant]);
      if (!node) throw new BadRequest('the first request of the stream has no node');
      this.#admitted?.check(node);
      this.node = node;
      this.#session = new Session({
        variant,
        view: this.#viewOf(node),
        output: { ready: () => this.#isReady(), send: (response) => this.#send(response) },
        answerTimeoutMs: this.#settings.answerTimeoutMs,
        refused: (typeUrl, text) => this.#settings.refused(this, typeUrl, text),
      });
      this.#settings.started(this);
    }
    this.#session.receive(bytes, now);
    this.#tellDenial();
  }

  /** There may be another view. */
  refresh(): void {
    this.#guarded(() => {
      const { clock } = this.#settings;
      if (this.node) this.#session?.setView(this.#viewOf(this.node), clock.now());
    });
  }

  #viewOf(node: XdsNode): View {
    const { variant, source, secretsForAll } = this.#settings;
    const view = source.viewOf(node, variant);
    this.#denial = this.#admitted ? this.#admitted.secretsDenial(node) : secretsForAll ? undefined : 'nobody has proven who this is';
    return this.#denial === undefined ? view : withoutSecrets(view);
  }

  #tellDenial(): void {
    if (this.#denial === undefined || this.#isDenialTold) return;
    if (!this.#session?.subscriptions.some(({ typeUrl }) => typeUrl === typeUrls.secret)) return;
    this.#isDenialTold = true;
    this.#settings.secretsDenied(this, this.#denial);
  }

  /** Sends what there is, where something has waited for an answer, or for room, long enough. */
  tick(): void {
    const { clock, budget } = this.#settings;
    const stuck = this.#unflushed;
    if (stuck && stuck.bytes > 0 && clock.now() - stuck.since > stuckMs) {
      const { bytes } = stuck;
      stuck.bytes = 0;
      budget.release(bytes);
    }
    this.#push();
  }

  readonly #push = (): void => this.#guarded(() => this.#session?.push(this.#settings.clock.now()));

  #isReady(): boolean {
    if (this.#isEnded) return false;
    if (this.#unflushed) this.#isHeldUp = true;
    return !this.#unflushed && this.#settings.budget.hasRoom(this.#push);
  }

  #send(response: Message): void {
    const { budget, clock } = this.#settings;
    const unflushed = { bytes: response.byteLength, since: clock.now() };
    this.#unflushed = unflushed;
    budget.take(response.byteLength);
    // The library asks a Buffer for its length, and for a copy behind the length: so much of one this is.
    this.#call.write(response as unknown as Buffer, () => {
      if (this.#unflushed !== unflushed) return;
      this.#unflushed = undefined;
      budget.release(unflushed.bytes);
      if (!this.#isHeldUp) return;
      this.#isHeldUp = false;
      this.#push();
    });
  }

  /** What goes wrong for one proxy ends its stream, with the reason, and no other. */
  #guarded(run: () => void): void {
    if (this.#isEnded) return;
    try {
      run();
    } catch (error) {
      const problem = (error as Error).message;
      this.end(codeOf(error), problem);
    }
  }

  end(code: number, problem: string): void {
    if (this.#isEnded) return;
    this.#close(problem);
    this.#call.emit('error', { code, details: problem });
  }

  #close(problem: string | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { budget, ended } = this.#settings;
    budget.forget(this.#push);
    if (this.#unflushed) budget.release(this.#unflushed.bytes);
    this.#unflushed = undefined;
    this.#session = undefined;
    ended(this, problem);
  }

  /** Undefined before it has said who it is. */
  progress(): StreamProgress | undefined {
    const session = this.#session;
    if (!this.node || !session) return undefined;
    const { acknowledged, isStarting, subscriptions } = session;
    return {
      node: this.node,
      peer: this.peer,
      connectedAt: this.#connectedAt,
      acknowledged,
      isStarting,
      refusals: subscriptions.flatMap(({ typeUrl, refusal }) => (refusal ? { typeUrl, text: refusal.text, time: refusal.time } : [])),
      unanswered: subscriptions.flatMap(({ typeUrl, unansweredSince: since }) => (since === undefined ? [] : { typeUrl, since })),
    };
  }

  types(): TypeStatus[] {
    return (this.#session?.subscriptions ?? []).map(statusOf);
  }
}

class BadRequest extends Error {}

function codeOf(error: unknown): number {
  if (error instanceof XdsDenial) return error.code;
  return error instanceof XdsRefusal ? status.NOT_FOUND : error instanceof BadRequest ? status.INVALID_ARGUMENT : status.INTERNAL;
}

function statusOf(subscription: Subscription): TypeStatus {
  const { typeUrl, refusal, isCurrent, lastNonce, acknowledged, version, answeredAt } = subscription;
  const hasSent = lastNonce !== undefined;
  // What the proxy had from an earlier connection was not sent on this one.
  const had = isCurrent && !hasSent;
  return {
    typeUrl,
    state: refusal ? 'ERROR' : isCurrent ? 'SYNCED' : hasSent ? 'STALE' : 'NOT_SENT',
    version: had ? version : acknowledged,
    answeredAt,
    refusal: refusal && { ...refusal },
  };
}
