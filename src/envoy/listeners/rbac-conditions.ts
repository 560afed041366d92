// Conditions of authorization rules as Envoy's permissions (what is asked for) and principals (who asks).
import type { AuthorizationCondition, TextMatcher } from '../../ir/authorization.ts';
import type { JsonObject } from '../json.ts';
import { stringMatch } from '../routes/string-match.ts';
import { claimMatcher } from '../token-metadata.ts';

const any: JsonObject = { any: true };

export function permission(condition: AuthorizationCondition): JsonObject {
  switch (condition.kind) {
    case 'any':
      return any;
    case 'never':
      return { not_rule: any };
    case 'all':
      return { and_rules: { rules: condition.of.map(permission) } };
    case 'some':
      return { or_rules: { rules: condition.of.map(permission) } };
    case 'not':
      return { not_rule: permission(condition.of) };
    case 'destination-ip':
      return { destination_ip: range(condition.cidr) };
    case 'destination-port':
      return { destination_port: condition.port };
    case 'method':
      return { header: header(':method', condition.match) };
    case 'host':
      return { header: header(':authority', condition.match) };
    case 'path':
      return { url_path: { path: stringMatch(condition.match) } };
    case 'path-template':
      return {
        uri_template: {
          name: 'uri-template',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
            path_template: condition.template,
          },
        },
      };
    case 'server-name':
      return { requested_server_name: stringMatch(condition.match) };
    default:
      return shared(condition);
  }
}

export function principal(condition: AuthorizationCondition): JsonObject {
  switch (condition.kind) {
    case 'any':
      return any;
    case 'never':
      return { not_id: any };
    case 'all':
      return { and_ids: { ids: condition.of.map(principal) } };
    case 'some':
      return { or_ids: { ids: condition.of.map(principal) } };
    case 'not':
      return { not_id: principal(condition.of) };
    case 'peer':
      return { authenticated: { principal_name: stringMatch(condition.match) } };
    case 'source-ip':
      return { direct_remote_ip: range(condition.cidr) };
    case 'remote-ip':
      return { remote_ip: range(condition.cidr) };
    case 'path':
      return { url_path: { path: stringMatch(condition.match) } };
    default:
      return shared(condition);
  }
}

/** What Envoy has on both sides. */
function shared(condition: AuthorizationCondition): JsonObject {
  switch (condition.kind) {
    case 'header':
      return { header: header(condition.name, condition.match) };
    case 'claim':
      return { metadata: claimMatcher(condition.path, condition.match, condition.textOnly) };
    case 'metadata': {
      const text = { string_match: stringMatch(condition.match) };
      const value = condition.list ? { list_match: { one_of: text } } : text;
      return { metadata: { filter: condition.filter, path: condition.path.map((key) => ({ key })), value } };
    }
    default:
      throw new Error(`an authorization rule asks for ${condition.kind} on the wrong side`);
  }
}

function header(name: string, match: TextMatcher): JsonObject {
  return match.kind === 'present' ? { name, present_match: true } : { name, string_match: stringMatch(match) };
}

function range(cidr: string): JsonObject {
  const slash = cidr.lastIndexOf('/');
  return { address_prefix: cidr.slice(0, slash), prefix_len: Number(cidr.slice(slash + 1)) };
}
