export const formats = ['yaml', 'json'] as const;
export type Format = (typeof formats)[number];

export const resourceTypes = ['listeners', 'routes', 'clusters', 'endpoints', 'all'] as const;
export type ResourceType = (typeof resourceTypes)[number];
