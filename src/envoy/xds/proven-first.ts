// Calls of whom nobody knows yet who they are: nothing of their messages is read before that, which may be large.
import { type ServerDuplexStream, ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { XdsDenial } from './view.ts';

/** What of a call says who it is from. */
export type ProvingCall = Pick<ServerUnaryCall<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>, 'metadata' | 'getAuthContext' | 'getPeer'>;

/** @param prove @throws XdsDenial for somebody who has proven nothing: the call ends with its code and text */
export function provenFirst(prove: (call: ProvingCall) => Promise<void>): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        const listener = new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, goOn) => {
            prove({ metadata, getAuthContext: () => call.getAuthContext(), getPeer: () => call.getPeer() }).then(
              () => goOn(metadata),
              (error: Error) => call.sendStatus({ code: error instanceof XdsDenial ? error.code : status.INTERNAL, details: error.message, metadata: null }),
            );
          })
          .build();
        next(listener);
      },
    });
}
