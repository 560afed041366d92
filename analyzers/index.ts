import type { AnyAnalyzer } from '../src/analysis/engine.ts';
import annotationsK8s from './annotations-k8s.ts';
import apiVersion from './api-version.ts';
import applicationUid from './application-uid.ts';
import authAuthorizationPolicies from './auth-authorization-policies.ts';
import authorizationMethod from './authorization-method.ts';
import authorizationPath from './authorization-path.ts';
import authorizationPrincipal from './authorization-principal.ts';
import authorizationProvider from './authorization-provider.ts';
import authorizationToken from './authorization-token.ts';
import breaker from './breaker.ts';
import conditions from './conditions.ts';
import delegate from './delegate.ts';
import deploymentMultiService from './deployment-multi-service.ts';
import deprecatedSettings from './deprecated-settings.ts';
import deprecation from './deprecation.ts';
import destinationRulesSeveral from './destination-rules-several.ts';
import destinationRuleCaCertificate from './destinationrule-ca-certificate.ts';
import destinationRuleSubsetPods from './destinationrule-subset-pods.ts';
import droppedPolicy from './dropped-policy.ts';
import envoyFilterPatch from './envoyfilter-patch.ts';
import exportTo from './export-to.ts';
import externalControlPlane from './externalcontrolplane.ts';
import gatewayApiBackend from './gateway-api-backend.ts';
import gatewayApiParent from './gateway-api-parent.ts';
import gatewayCertificate from './gateway-certificate.ts';
import gatewayConflicting from './gateway-conflicting.ts';
import gatewayHostConflict from './gateway-host-conflict.ts';
import gatewayIngressPort from './gateway-ingress-port.ts';
import gatewaySecret from './gateway-secret.ts';
import gatewayTlsVersions from './gateway-tls-versions.ts';
import injection from './injection.ts';
import injectionImage from './injection-image.ts';
import injectionImageAuto from './injection-image-auto.ts';
import k8sGatewaySelector from './k8sgateway-selector.ts';
import matchGateway from './match-gateway.ts';
import meshNetworks from './meshnetworks.ts';
import mirror from './mirror.ts';
import outlierEjection from './outlier-ejection.ts';
import peerAuthenticationConflict from './peer-authentication-conflict.ts';
import referenceGrant from './reference-grant.ts';
import retryBudget from './retry-budget.ts';
import routeWeights from './route-weights.ts';
import routingLoop from './routing-loop.ts';
import schemaValidation from './schema-validation.ts';
import selectorWorkloads from './selector-workloads.ts';
import serviceEntryDuplicate from './service-entry-duplicate.ts';
import servicePortName from './service-port-name.ts';
import serviceTargetPort from './service-target-port.ts';
import serviceEntryAddresses from './serviceentry-addresses.ts';
import servicesMultiCluster from './services-multi-cluster.ts';
import shadowedRoute from './shadowed-route.ts';
import sidecarEgress from './sidecar-egress.ts';
import sidecarSelector from './sidecar-selector.ts';
import structure from './structure.ts';
import subsetLabels from './subset-labels.ts';
import telemetryDefaultSelector from './telemetry-default-selector.ts';
import telemetryLightstep from './telemetry-lightstep.ts';
import telemetryProvider from './telemetry-provider.ts';
import telemetrySelector from './telemetry-selector.ts';
import tlsPolicy from './tls-policy.ts';
import tokenKeys from './token-keys.ts';
import virtualServiceConflictingMeshHosts from './virtualservice-conflicting-mesh-hosts.ts';
import virtualServiceDestinationHost from './virtualservice-destination-host.ts';
import virtualServiceDestinationRule from './virtualservice-destination-rule.ts';
import virtualServiceGateway from './virtualservice-gateway.ts';
import virtualServiceJwtClaimRoute from './virtualservice-jwt-claim-route.ts';
import webhook from './webhook.ts';

/** Every analyzer that ships with weft. Order does not matter: findings are sorted. */
export const analyzers: readonly AnyAnalyzer[] = [
  annotationsK8s,
  apiVersion,
  applicationUid,
  authAuthorizationPolicies,
  authorizationMethod,
  authorizationPath,
  authorizationPrincipal,
  authorizationProvider,
  authorizationToken,
  breaker,
  conditions,
  delegate,
  deploymentMultiService,
  deprecatedSettings,
  deprecation,
  destinationRuleCaCertificate,
  destinationRuleSubsetPods,
  destinationRulesSeveral,
  droppedPolicy,
  envoyFilterPatch,
  exportTo,
  externalControlPlane,
  gatewayApiBackend,
  gatewayApiParent,
  gatewayCertificate,
  gatewayConflicting,
  gatewayHostConflict,
  gatewayIngressPort,
  gatewaySecret,
  gatewayTlsVersions,
  injection,
  injectionImage,
  injectionImageAuto,
  k8sGatewaySelector,
  matchGateway,
  meshNetworks,
  mirror,
  outlierEjection,
  peerAuthenticationConflict,
  referenceGrant,
  retryBudget,
  routeWeights,
  routingLoop,
  ...schemaValidation,
  selectorWorkloads,
  serviceEntryAddresses,
  serviceEntryDuplicate,
  servicePortName,
  servicesMultiCluster,
  serviceTargetPort,
  shadowedRoute,
  sidecarEgress,
  sidecarSelector,
  structure,
  subsetLabels,
  telemetryDefaultSelector,
  telemetryLightstep,
  telemetryProvider,
  telemetrySelector,
  tlsPolicy,
  tokenKeys,
  virtualServiceConflictingMeshHosts,
  virtualServiceDestinationHost,
  virtualServiceDestinationRule,
  virtualServiceGateway,
  virtualServiceJwtClaimRoute,
  webhook,
];
