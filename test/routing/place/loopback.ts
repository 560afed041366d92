// Without redirection only a part of the cases can be run.
import type { RoutingCase } from '../corpus.ts';

/** Why a case needs more than plain loopback. */
export function whyNotOnLoopback(_routingCase: RoutingCase): string | undefined {
  return 'it needs addresses of its own and redirection';
}
