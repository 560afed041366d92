import { message } from '../message.ts';

interface Patch {
  applyTo: string;
  operation: string;
  /** The reference tells each of these once for a filter, however many of its patches are meant. */
  same: string;
}

interface NamedPatch extends Patch {
  /** What the patch is about: the name in its value, else that of the filter it matches; may be empty. */
  name: string;
}

function describe({ applyTo, operation, name }: NamedPatch): string {
  return `${operation} of ${applyTo}${name === '' ? '' : ` ${name}`}`;
}

/** IST0151 */
export const IST0151 = message<NamedPatch>({
  name: 'EnvoyFilterUsesRelativeOperation',
  level: 'Warning',
  summary: 'a patch whose outcome depends on other EnvoyFilters has no priority',
  text: (patch) => `${describe(patch)} is relative to what is there already, and this EnvoyFilter has no priority, so the patch may find nothing to relate to`,
  help: 'set spec.priority, so that it applies after what it refers to; or use INSERT_FIRST or ADD, which refer to nothing',
  effect: 'depending on which EnvoyFilter is applied first, this patch is lost',
});

/** IST0152 */
export const IST0152 = message<Patch>({
  name: 'EnvoyFilterUsesReplaceOperationIncorrectly',
  level: 'Error',
  summary: 'REPLACE on something other than a network or HTTP filter',
  text: ({ applyTo }) => `REPLACE works on HTTP_FILTER and NETWORK_FILTER only, and this patch applies to ${applyTo}`,
  help: 'use MERGE to change fields, or REMOVE in one patch and ADD in another',
  effect: 'the patch has no effect',
});

/** IST0153 */
export const IST0153 = message<Patch>({
  name: 'EnvoyFilterUsesAddOperationIncorrectly',
  level: 'Error',
  summary: 'ADD on a route configuration or a route',
  text: ({ applyTo }) => `ADD is ignored for ROUTE_CONFIGURATION and HTTP_ROUTE, and this patch applies to ${applyTo}`,
  help: 'use MERGE for a route configuration; for a route, use INSERT_FIRST, INSERT_BEFORE or INSERT_AFTER',
  effect: 'the patch has no effect',
});

/** IST0154 */
export const IST0154 = message<Patch>({
  name: 'EnvoyFilterUsesRemoveOperationIncorrectly',
  level: 'Error',
  summary: 'REMOVE on a route configuration or a route',
  text: ({ applyTo }) => `REMOVE is ignored for ROUTE_CONFIGURATION and HTTP_ROUTE, and this patch applies to ${applyTo}`,
  help: 'take the route out where it comes from: the VirtualService or HTTPRoute',
  effect: 'the patch has no effect',
});

/** IST0155. The reference names the operations with a slip of the pen, by which people look for this message. */
export const IST0155 = message<NamedPatch>({
  name: 'EnvoyFilterUsesRelativeOperationWithProxyVersion',
  level: 'Warning',
  summary: 'a patch without a priority is relative to one for some proxy versions only',
  text: (patch) =>
    `${describe(patch)} is a relative operation (known as NSTERT_BEFORE/AFTER and the like), this EnvoyFilter has no priority, and a patch of the same name is for one proxyVersion only`,
  help: 'set spec.priority, so that it applies after what it refers to; or use INSERT_FIRST or ADD, which refer to nothing',
  effect: 'during an upgrade, proxies of another version may not get this patch',
});
