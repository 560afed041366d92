// One request on its way through the proxy: fault, CORS, router (RT-R1), tries at endpoints, response. What to do is decided in
// core/; this file holds the state between events.
import type { DirectAction, ForwardAction } from '../ir/route.ts';
import type { Host } from './core/balance/host.ts';
import type { Timer } from './core/clock.ts';
import { type CompiledRoute, chooseCluster } from './core/compiled-route.ts';
import { answerPreflight } from './core/cors.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import type { Headers } from './core/headers.ts';
import type { LocalReply } from './core/local-reply.ts';
import * as replies from './core/local-reply.ts';
import { flags } from './core/response-flags.ts';
import type { HttpScope } from './http-scope.ts';
import { MirrorRequest } from './mirror-request.ts';
import { RequestBody } from './request-body.ts';
import type { Failure, OutgoingHead, RequestHead, ServerHandler, ServerStream, UpstreamConnection } from './stream.ts';
import { UpstreamRequest } from './upstream-request.ts';
import type { UpstreamCluster } from './upstreams.ts';
