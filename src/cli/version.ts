import manifest from '../../package.json' with { type: 'json' };

export const version: string = manifest.version;

/** Version of Istio whose behaviour this tool has. */
export const referenceVersion = '1.28.1';
