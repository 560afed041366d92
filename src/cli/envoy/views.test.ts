import { expect, it } from 'vitest';
import { viewListener } from '../../envoy/admin-views.ts';
import { adminViews } from './views.ts';

it.each([
  ['127.0.0.1', { address: '127.0.0.1', port_value: 15021 }],
  ['*', { address: '::', port_value: 15021, ipv4_compat: true }],
])('the page of readiness on %s; a port of 0 is none', (bind, socket) => {
  const views = adminViews({ stats: 0, agent: 0, health: 15021 }, bind);
  expect(views.map((view) => viewListener(view).address)).toEqual([{ socket_address: socket }]);
});
