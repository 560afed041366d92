import { message } from '../message.ts';

/** IST0157 */
export const IST0157 = message<{ telemetry: string; namespace: string; same?: string }>({
  name: 'InvalidTelemetryProvider',
  level: 'Warning',
  summary: 'access logging without a provider',
  text: ({ telemetry, namespace }) => `access logging of Telemetry ${telemetry} in namespace "${namespace}" names no provider, and the mesh has no default one`,
  help: 'name a provider, such as envoy, or set defaultProviders.accessLogging in the mesh configuration',
  effect: 'this entry has no effect',
});
