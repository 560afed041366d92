import { message } from '../message.ts';

/** IST0116 */
export const IST0116 = message<{ deployment: string; port: number; services: readonly string[] }>({
  name: 'DeploymentAssociatedToMultipleServices',
  level: 'Warning',
  summary: 'services select one Deployment with one port number in different protocols',
  text: ({ deployment, port, services }) => `services of deployment ${deployment} have port ${port} in different protocols: [${services.join(' ')}]`,
  help: 'give the protocols different port numbers: a sidecar has one inbound listener for a port',
});

/** IST0137 */
export const IST0137 = message<{ deployment: string; services: readonly string[]; targetPort: string; ports: readonly number[] }>({
  name: 'DeploymentConflictingPorts',
  level: 'Warning',
  summary: 'services select one Deployment and send different ports to one target port',
  text: ({ deployment, services, targetPort, ports }) =>
    `services [${services.join(' ')}] of deployment ${deployment} send different ports to its targetPort "${targetPort}": [${ports.join(' ')}]`,
  help: 'use one port number for each target port: a sidecar has one inbound cluster for it and takes one of these ports',
});

/** IST0144 */
export const IST0144 = message<{ field: string; same?: string }>({
  name: 'InvalidApplicationUID',
  level: 'Warning',
  summary: 'an application runs as the user of the sidecar',
  text: ({ field }) => `${field} is 1337, the user of the sidecar, whose traffic is not captured`,
  help: 'run the application as another user',
  effect: 'requests of the application leave the pod past its sidecar',
});
