// A gateway among the values.
import { dnsLabel, ipAddress, labelValue, portName, qualifiedName, serviceName } from './formats.ts';
import { podSettings } from './pod.ts';
import type { ObjectSchema, Schema } from './types.ts';

const service: ObjectSchema = {
  type: 'object',
  about: 'The Service in front of it',
  fields: {
    type: { type: 'text', about: 'How it is reached from outside of the cluster', oneOf: ['LoadBalancer', 'NodePort', 'ClusterIP'] },
    ports: {
      type: 'list',
      about: 'Its ports',
      items: {
        type: 'object',
        about: 'One port',
        fields: {
          name: { type: 'text', about: 'Its name, unique among the ports', format: portName },
          port: { type: 'integer', about: 'Port of the Service', min: 1, max: 65535 },
          targetPort: { type: 'integer', about: 'Port of the pods; absent: the same', min: 1, max: 65535, optional: true },
          nodePort: { type: 'integer', about: 'Port of the nodes; absent: Kubernetes chooses one', min: 1, max: 65535, optional: true },
        },
      },
    },
    annotations: {
      type: 'map',
      about: 'Annotations, which load balancers of clouds read',
      key: qualifiedName,
      values: { type: 'text', about: 'Value of the annotation' },
    },
    externalTrafficPolicy: {
      type: 'text',
      about: 'Local keeps the address of the client and sends no traffic from node to node',
      oneOf: ['Cluster', 'Local'],
      optional: true,
    },
    loadBalancerIP: { type: 'text', about: 'Address that a load balancer is asked for', format: ipAddress, optional: true },
  },
};

export const gateway: Schema = {
  type: 'object',
  about: 'One gateway',
  fields: {
    name: { type: 'text', about: 'Name of its Deployment and Service', format: serviceName },
    enabled: { type: 'boolean', about: 'Whether it is installed' },
    namespace: {
      type: 'text',
      about: 'Its namespace (empty: that of the control plane)',
      format: { name: dnsLabel.name, holds: (text) => text === '' || dnsLabel.holds(text) },
    },
    labels: {
      type: 'map',
      about: 'Labels of its pods, which Gateway resources select',
      key: qualifiedName,
      values: { type: 'text', about: 'Value of the label', format: labelValue },
    },
    replicas: { type: 'integer', about: 'Number of pods; the least, where they are scaled with the load', min: 1, max: 1000 },
    maxReplicas: { type: 'integer', about: 'The most pods that the load may ask for; 0: the number is fixed', min: 0, max: 1000 },
    ...podSettings('the gateway'),
    service,
  },
};
