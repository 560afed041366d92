import { message } from '../message.ts';

/** IST0101: a name in a resource that nothing has. */
export const IST0101 = message<{
  /** What is named: `gateway`, `host`, `mirror host`, `selector`, `credentialName`, `namespace`, `subset`, `mirror subset`. */
  what: string;
  /** The name as it was resolved: `reviews.shop.svc.cluster.local`. */
  name: string;
  /** What it would be a part of: `host "reviews"`. */
  of?: string;
  same?: string;
}>({
  name: 'ReferencedResourceNotFound',
  level: 'Error',
  summary: 'a name in a resource refers to something that does not exist',
  text: ({ what, name, of }) => {
    if (what === 'selector') return `no workload has the labels of selector "${name}"`;
    return `${what} "${name}"${of === undefined ? '' : ` of ${of}`} does not exist`;
  },
  aliases: ['KIA1101', 'KIA1102', 'KIA1107', 'KIA0302'],
});
