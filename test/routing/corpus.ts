// The format of a recorded case: what the README of the corpus says, as types, and how a folder of them is read.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';
import type { HeaderList } from './wire/http1.ts';

/** A text, or how to make a long one: prefix + repeat × count + suffix. */
export type Text = string | { prefix?: string; repeat: string; count: number; suffix?: string };

export function textOf(text: Text | null | undefined): string {
  if (text === null || text === undefined) return '';
  if (typeof text !== 'object') return String(text);
  return `${text.prefix ?? ''}${text.repeat.repeat(text.count)}${text.suffix ?? ''}`;
}

export interface CaseService {
  host: string;
  namespace: string;
  ports: { name: string; number: number; protocol: string }[];
  exportTo?: string[];
}

/** How a service behaves without being asked. Times in ms. */
export interface Behaviour {
  status?: number;
  delay_ms?: number;
  refuse?: boolean;
  fail_first?: number;
  fail_status?: number | string;
  response_headers?: Record<string, string | string[]>;
  reset?: string | boolean;
  tls?: string;
  client_first?: boolean;
  after_eof?: string;
  close_after_ms?: number;
  reset_after_ms?: number;
  max_concurrent_streams?: number;
  grpc_status?: number | string;
  trailers_only?: boolean | number | string;
}

export interface CaseEndpoint {
  identity: string;
  labels?: Record<string, string>;
  locality?: string;
  weight?: number;
  behaviour?: Behaviour;
  /** With `ports`: outside the registry, or an endpoint of a ServiceEntry among the manifests. */
  address?: string;
  ports?: number[];
  /** Behind the recorded inbound proxy. */
  local?: boolean;
}

export interface CaseRequest {
  method?: string;
  host?: string | null;
  path?: Text;
  scheme?: string | null;
  headers?: [string, Text][];
  body?: Text;
  http_version?: string | number;
  chunked?: boolean;
  chunks?: Text[];
  trailers?: [string, Text][];
  upgrade_payload?: Text;
  client_timeout_ms?: number;
  grpc_message?: Text;
  client_reset_after_ms?: number;
  keep_open?: boolean;
}

export interface CaseTcp {
  send?: Text[];
  half_close?: boolean;
  idle_ms?: number;
  wait_close_ms?: number;
}

export interface CaseTls {
  sni?: string | null;
  alpn?: string[];
  client_certificate?: string;
  min_version?: string;
  max_version?: string;
}

export interface CaseStep {
  sleep_ms?: number;
  apply?: string;
  request?: CaseRequest;
  tcp?: CaseTcp;
  tls?: CaseTls;
  port?: number;
  destination?: string;
  source?: string;
  repeat?: number;
  new_connection?: boolean;
  concurrency?: number;
  one_connection?: boolean;
  stagger_ms?: number;
  interval_ms?: number;
  timing?: boolean;
  connections?: boolean;
  body_length?: boolean;
}

export type Role = 'outbound' | 'inbound' | 'gateway';

/** The workload at which the recorded proxy is. */
export interface CaseWorkload {
  namespace?: string;
  labels?: Record<string, string>;
  locality?: { region?: string; zone?: string; sub_zone?: string };
  proxyConfig?: Record<string, unknown>;
}

export interface Upstream {
  identity: string;
  method?: string;
  path?: string;
  authority?: string | null;
  http?: string;
  scheme?: string;
  headers?: HeaderList;
  body_length?: number;
  body?: string;
  trailers?: HeaderList;
  sent_100_continue?: boolean;
  stream_reset?: string;
  /** Of a TCP service. */
  received?: string;
  eof?: boolean;
}

/** What was seen of one step: fields as the README of the corpus names them. */
export type Observation = Record<string, unknown>;

export interface RoutingCase {
  id: string;
  topic: string;
  title: string;
  role: Role;
  client: CaseWorkload;
  proxy: CaseWorkload;
  mesh: Record<string, unknown>;
  services: CaseService[];
  endpoints: Record<string, CaseEndpoint[]>;
  manifests: string;
  steps: CaseStep[];
  observed: Observation[];
  /** Istio's validation refused the manifests, with this message. */
  rejected: string | undefined;
  varies: ReadonlySet<string>;
  /** The folder of the case: certificates are in `files` in it. */
  folder: string;
}

/** Reads one case; throws what the parser throws. */
export function readCase(file: string): RoutingCase {
  const raw = load(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const observed = raw.observed as Observation[] | { config_rejected: string };
  return {
    id: String(raw.id ?? basename(file, '.yaml')),
    topic: String(raw.topic ?? ''),
    title: String(raw.title ?? ''),
    role: raw.role === 'gateway' || raw.role === 'inbound' ? raw.role : 'outbound',
    client: (raw.client as CaseWorkload | undefined) ?? {},
    proxy: (raw.proxy as CaseWorkload | undefined) ?? {},
    mesh: (raw.mesh as Record<string, unknown> | undefined) ?? {},
    services: (raw.services as CaseService[] | undefined) ?? [],
    endpoints: (raw.endpoints as Record<string, CaseEndpoint[]> | undefined) ?? {},
    manifests: String(raw.manifests ?? ''),
    steps: (raw.steps as CaseStep[] | undefined) ?? [],
    observed: Array.isArray(observed) ? observed : [],
    rejected: Array.isArray(observed) ? undefined : observed.config_rejected,
    varies: new Set((raw.varies as string[] | undefined) ?? []),
    folder: join(file, '..'),
  };
}

/** The case files of a folder, by name. */
export function caseFiles(folder: string, only: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml') && only.test(name.slice(0, -5)))
    .sort()
    .map((name) => join(folder, name));
}
