// Gives an Envoy beside it the certificates that it asks for (SDS, state of the world), over a Unix socket that only it can open.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';
import { loadEnvoyApi } from '../../envoy/proto/api.ts';
import { typeUrls } from '../../envoy/type-urls.ts';
import { quietGrpc } from '../../envoy/xds/quiet-grpc.ts';
import { readSotwRequest } from '../../envoy/xds/requests.ts';
import { versionOf } from '../../envoy/xds/resource-sets.ts';
import { secretService } from '../../envoy/xds/services.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import { secretOf } from './secrets.ts';

type Call = ServerDuplexStream<Buffer, Buffer>;

export interface SecretServerSettings {
  credentials: Credentials;
  /** These are all that are asked for from now on. Resolves when they are there, as far as they will be. */
  wanted?(names: readonly string[]): Promise<void>;
  /** Envoy refuses one, in its own words, and goes on with what it had. */
  refused(names: readonly string[], text: string): void;
}

export class SecretServer {
  private readonly settings: SecretServerSettings;
  private readonly server: Server;
  private readonly streams = new Set<SecretStream>();
  private readonly forget: () => void;

  constructor(settings: SecretServerSettings) {
    this.settings = settings;
    quietGrpc();
    this.server = new Server();
    this.server.addService(secretService, {
      StreamSecrets: (call: Call) => {
        const stream = new SecretStream(call, settings, () => this.want());
        this.streams.add(stream);
        const over = (): void => void this.streams.delete(stream);
        for (const event of ['cancelled', 'error', 'end']) call.on(event, over);
      },
    });
    this.forget = settings.credentials.onChange(() => {
      for (const stream of this.streams) stream.push();
    });
  }

  private want(): void {
    const { wanted } = this.settings;
    void wanted?.([...new Set([...this.streams].flatMap(({ names }) => names))]).then(() => {
      for (const stream of this.streams) stream.push();
    });
  }

  /** @param path of the socket; its folder is for nobody else */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    this.forget();
    this.server.forceShutdown();
  }
}

/** What one Envoy wants, and has. */
class SecretStream {
  private readonly call: Call;
  private readonly settings: SecretServerSettings;
  private readonly changed: () => void;
  names: readonly string[] = [];
  private sent: { version: string; nonce: string } | undefined;
  private nonces = 0;

  /** @param changed other names are asked for */
  constructor(call: Call, settings: SecretServerSettings, changed: () => void) {
    this.call = call;
    this.settings = settings;
    this.changed = changed;
    call.on('data', (message: Buffer) => {
      try {
        this.receive(message);
      } catch (error) {
        call.emit('error', { code: 3, details: (error as Error).message });
      }
    });
    call.on('end', () => call.end());
  }

  private receive(message: Buffer): void {
    const { names, nonce, refusal } = readSotwRequest(message);
    // About a response that another one has followed.
    if (nonce !== '' && nonce !== this.sent?.nonce) return;
    if (refusal !== undefined) this.settings.refused(this.names, refusal);
    const same = names.length === this.names.length && names.every((name, i) => name === this.names[i]);
    this.names = names;
    if (!same) this.changed();
    // An answer to what was sent, with nothing new in it, is not answered.
    if (nonce !== '' && same) return;
    this.sent = undefined;
    this.push();
  }

  /** Sends all that is there of what is wanted, if it is something else than before. */
  push(): void {
    const api = loadEnvoyApi();
    const found = this.names.flatMap((name) => {
      const secret = secretOf(name, this.settings.credentials);
      return secret ? [api.encode(typeUrls.secret, secret)] : [];
    });
    // What is not there yet is waited for: nothing would be a secret that was taken away.
    if (found.length === 0) return;
    const version = versionOf(Buffer.concat(found));
    if (version === this.sent?.version) return;
    const nonce = String(++this.nonces);
    this.sent = { version, nonce };
    this.call.write(response(version, nonce, found));
  }
}

const delimited = (field: number): number => (field << 3) | 2;

/** A DiscoveryResponse. */
function response(version: string, nonce: string, secrets: readonly Uint8Array[]): Buffer {
  const writer = protobuf.Writer.create().uint32(delimited(1)).string(version);
  for (const secret of secrets) {
    writer.uint32(delimited(2)).fork().uint32(delimited(1)).string(typeUrls.secret).uint32(delimited(2)).bytes(secret).ldelim();
  }
  writer.uint32(delimited(4)).string(typeUrls.secret).uint32(delimited(5)).string(nonce);
  return Buffer.from(writer.finish());
}
