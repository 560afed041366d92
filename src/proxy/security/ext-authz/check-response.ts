// What a gRPC service answers: `envoy.service.auth.v3.CheckResponse`, as plain data.
import type { JsonObject, JsonValue } from '../../../envoy/json.ts';
import type { HeaderAction, HeaderChange } from '../../core/header-change.ts';
import type { Headers } from '../../core/headers.ts';

export type CheckResponse =
  | {
      allowed: true;
      changes: readonly HeaderChange[];
      removed: readonly string[];
      query: { set: readonly { key: string; value: string }[]; removed: readonly string[] };
      response: readonly HeaderChange[];
    }
  | { allowed: false; status: number; body: string; headers: Headers };

/** HTTP status of a denial that names none. */
const forbidden = 403;

/** @param statuses HTTP statuses by the names that they have in Envoy's API */
export function checkResponse(message: JsonObject, statuses: ReadonlyMap<string, number>): CheckResponse {
  if (Number(field(message, 'status').code ?? 0) !== 0) {
    const denied = field(message, 'denied_response');
    const headers = options(denied.headers).flatMap(({ name, value }) => (isName(name) ? [name, value] : []));
    return { allowed: false, status: statusCode(field(denied, 'status').code, statuses), body: typeof denied.body === 'string' ? denied.body : '', headers };
  }
  const ok = field(message, 'ok_response');
  return {
    allowed: true,
    changes: options(ok.headers).map(({ name, value, append }) => ({ name, value, action: append ? 'append' : 'set' })),
    removed: texts(ok.headers_to_remove).map((name) => name.toLowerCase()),
    query: {
      set: objects(ok.query_parameters_to_set).map(({ key, value }) => ({ key: String(key ?? ''), value: String(value ?? '') })),
      removed: texts(ok.query_parameters_to_remove),
    },
    response: options(ok.response_headers_to_add).map(({ name, value, append, action }) => ({
      name,
      value,
      action: append === undefined ? action : append ? 'add' : 'set',
    })),
  };
}

const actions: Readonly<Record<string, HeaderAction>> = {
  APPEND_IF_EXISTS_OR_ADD: 'add',
  ADD_IF_ABSENT: 'add-if-absent',
  OVERWRITE_IF_EXISTS_OR_ADD: 'set',
  OVERWRITE_IF_EXISTS: 'set-if-there',
};

interface HeaderOption {
  name: string;
  value: string;
  append: boolean | undefined;
  /** Envoy has regard to it in responses only. */
  action: HeaderAction;
}

/** `HeaderValueOption`s. What is no header is left out. */
function options(list: JsonValue | undefined): HeaderOption[] {
  return objects(list).flatMap((option): HeaderOption[] => {
    const header = field(option, 'header');
    const name = String(header.key ?? '').toLowerCase();
    const raw = typeof header.raw_value === 'string' && header.raw_value !== '' ? Buffer.from(header.raw_value, 'base64') : undefined;
    const value = (raw ?? Buffer.from(String(header.value ?? ''))).toString('latin1');
    const action = actions[String(option.append_action ?? 'APPEND_IF_EXISTS_OR_ADD')];
    if (!isName(name.replace(/^:/, '')) || !isValue(value) || action === undefined) return [];
    return [{ name, value, append: typeof option.append === 'boolean' ? option.append : undefined, action }];
  });
}

const isName = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const isValue = (value: string): boolean => !/[\0-\x08\x0a-\x1f\x7f]/.test(value);

function statusCode(code: JsonValue | undefined, statuses: ReadonlyMap<string, number>): number {
  const number = typeof code === 'number' ? code : (statuses.get(String(code)) ?? 0);
  return number >= 200 && number < 600 ? number : forbidden;
}

function field(message: JsonObject, name: string): JsonObject {
  const value = message[name];
  return isObject(value) ? value : {};
}

function objects(list: JsonValue | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function texts(list: JsonValue | undefined): string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
