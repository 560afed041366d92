import { Client, credentials } from '@grpc/grpc-js';
import { loadEnvoyApi } from '../proto/api.ts';
import { type ClientStatus, clientStatuses } from './client-status.ts';
import { detailsOf } from './grpc-details.ts';
import { statusMessages, statusService } from './services.ts';

/**
 * Asks a control plane which proxies are connected, and what they have.
 *
 * @param address `HOST:PORT` or `unix:PATH`; plain text
 * @throws Error that says why there is no answer
 */
export async function fetchClientStatus(address: string, timeoutMs = 5_000): Promise<ClientStatus[]> {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1, 'grpc.enable_http_proxy': 0 });
  const { path, requestSerialize, responseDeserialize } = statusService.FetchClientStatus;
  const api = loadEnvoyApi();
  const request = Buffer.from(api.encode(statusMessages.request, {}));
  try {
    const response = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        if (answer) resolve(answer);
        else reject(new Error(`${address} does not say which proxies it serves: ${detailsOf(error)}`));
      });
    });
    return clientStatuses(api.decode(statusMessages.response, response));
  } finally {
    client.close();
  }
}
