import { Client, credentials, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import type { About, DistributionAnswer, DistributionRequest } from './control-plane-api.ts';
import { detailsOf } from './grpc-details.ts';
import { quietGrpc } from './quiet-grpc.ts';
import { controlPlaneService } from './services.ts';

/** Asks one process of a control plane of weft, over one connection. */
export class ControlPlaneClient {
  private readonly address: string;
  private readonly client: Client;

  /** @param address `HOST:PORT` or `unix:PATH`; plain text */
  constructor(address: string) {
    quietGrpc();
    this.address = address;
    this.client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.enable_http_proxy': 0,
    });
  }

  /** @throws Error that says why there is no answer */
  about(timeoutMs: number): Promise<About> {
    return this.ask(controlPlaneService.About, {}, timeoutMs);
  }

  /** @throws Error that says why there is no answer */
  distribution(request: DistributionRequest, timeoutMs: number): Promise<DistributionAnswer> {
    return this.ask(controlPlaneService.Distribution, request, timeoutMs);
  }

  close(): void {
    this.client.close();
  }

  private async ask<T>({ path, requestSerialize, responseDeserialize }: MethodDefinition<Buffer, Buffer>, request: object, timeoutMs: number): Promise<T> {
    const bytes = Buffer.from(JSON.stringify(request));
    const response = await new Promise<Buffer>((resolve, reject) => {
      this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, bytes, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        if (answer) resolve(answer);
        else reject(new Error(this.problemOf(error)));
      });
    });
    try {
      return JSON.parse(response.toString()) as T;
    } catch (error) {
      throw new Error(`${this.address} does not answer with JSON`, { cause: error });
    }
  }

  private problemOf(error: ServiceError | null): string {
    if (error?.code === status.UNIMPLEMENTED) return `${this.address} is no control plane of weft, or one of an older version: it does not know this question`;
    return `${this.address} does not answer: ${detailsOf(error)}`;
  }
}
