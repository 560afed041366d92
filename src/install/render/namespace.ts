import { type Context, maker, type RenderedObject } from './object.ts';

/** Of the control plane. Others exist where their gateways come to. */
export function renderNamespace(context: Context): RenderedObject {
  return maker(context, 'Base', true)('v1', 'Namespace', { name: context.values.namespace });
}
