/** What is denied at the gateway: what requests try to get around. */
const deny = (name: string, rule: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: shop }
spec: { selector: { matchLabels: { app: edge } }, action: DENY, rules: [${rule}] }
---
`;

export const policies = [
  deny('below-admin', '{ to: [{ operation: { paths: ["/admin", "/admin/*"] } }] }'),
  deny('exact', '{ to: [{ operation: { paths: ["/exact"] } }] }'),
  deny('secret-host', '{ to: [{ operation: { hosts: ["secret.example"] } }] }'),
  deny('delete', '{ to: [{ operation: { methods: [DELETE] } }] }'),
  deny('blocked-role', '{ when: [{ key: "request.headers[x-role]", values: [blocked] }] }'),
  deny('blocked-address', '{ from: [{ source: { remoteIpBlocks: [203.0.113.0/24] } }] }'),
].join('');
