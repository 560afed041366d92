import { type ServerUnaryCall, type ServiceError, type sendUnaryData, status } from '@grpc/grpc-js';
import { type About, type DistributionAnswer, type DistributionRequest, readDistributionRequest } from './control-plane-api.ts';
import type { Service } from './server.ts';
import { controlPlaneService } from './services.ts';

/** Who answers. */
export interface ControlPlaneAnswers {
  about(): About;
  distribution(request: DistributionRequest): Promise<DistributionAnswer>;
}

/** Nobody has a reason to ask for more with one request. */
const mostBytes = 16 << 10;

type Call = ServerUnaryCall<Buffer, Buffer>;

/** What a control plane can be asked beside xDS, as a service of gRPC. */
export function controlPlane(answers: ControlPlaneAnswers): Service {
  const handler = (answer: (request: unknown) => unknown) => (call: Call, callback: sendUnaryData<Buffer>) => {
    respond(call.request, answer).then(
      (response) => callback(null, response),
      (error: Partial<ServiceError>) => callback({ code: error.code ?? status.INTERNAL, details: error.message ?? '' }),
    );
  };
  return {
    definition: controlPlaneService,
    handlers: {
      About: handler(() => answers.about()),
      Distribution: handler((value) => {
        const request = readDistributionRequest(value);
        if (typeof request === 'string') throw badRequest(request);
        return answers.distribution(request);
      }),
    },
  };
}

async function respond(request: Buffer, answer: (request: unknown) => unknown): Promise<Buffer> {
  if (request.length > mostBytes) throw badRequest(`a request has no more than ${mostBytes} bytes`);
  let value: unknown;
  try {
    value = request.length === 0 ? {} : JSON.parse(request.toString());
  } catch (error) {
    throw badRequest(`no JSON: ${(error as Error).message}`);
  }
  return Buffer.from(JSON.stringify(await answer(value)));
}

function badRequest(message: string): Error {
  return Object.assign(new Error(message), { code: status.INVALID_ARGUMENT });
}
