import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/** Whatever goes wrong is an error or an event here: lines of the library come only where its own variable asks for them. */
export function quietGrpc(): void {
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
}
