import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, it } from 'vitest';
import { nodeOf } from '../node.ts';
import { decodeDeltaResponse, encodeDeltaRequest } from './client-messages.ts';

// The numbers of the fields as envoy/service/discovery/v3/discovery.proto and envoy/config/core/v3/base.proto have them.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request {
    Node node = 1; string type_url = 2; repeated string resource_names_subscribe = 3; repeated string resource_names_unsubscribe = 4;
    map<string, string> initial_resource_versions = 5; string response_nonce = 6; Status error_detail = 7;
  }
  message Status { int32 code = 1; string message = 2; }
  message Node { string id = 1; string cluster = 2; Struct metadata = 3; Locality locality = 4; string user_agent_name = 6; string user_agent_version = 7; }
  message Locality { string region = 1; string zone = 2; string sub_zone = 3; }
  message Struct { map<string, Value> fields = 1; }
  message Value { oneof kind { int32 null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4; Struct struct_value = 5; } }
  message Response {
    string system_version_info = 1; repeated Resource resources = 2; string type_url = 4; string nonce = 5; repeated string removed_resources = 6;
    ControlPlane control_plane = 7;
  }
  message Resource { string version = 1; Any resource = 2; string name = 3; repeated string aliases = 4; int64 ttl = 6; }
  message Any { string type_url = 1; bytes value = 2; }
  message ControlPlane { string identifier = 1; }
`);
const [request, response] = [root.lookupType('Request'), root.lookupType('Response')];
const read = (bytes: Uint8Array): unknown => request.toObject(request.decode(bytes), { defaults: false });

it('the first request says who asks and what is there', () => {
  const identity = {
    role: 'gateway',
    namespace: 'edge',
    name: 'gw',
    labels: { app: 'gw' },
    serviceAccount: 'sa',
    locality: { region: 'r', zone: '', subzone: 's' },
    addresses: ['10.0.0.1'],
  } as const;
  const bytes = encodeDeltaRequest({
    node: nodeOf({ identity, options: { meshTls: 'none' } }),
    userAgent: { name: 'weft', version: '1' },
    typeUrl: 'type',
    subscribe: ['*', 'x'],
    initialVersions: new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
  });
  expect(read(bytes)).toMatchObject({
    node: {
      id: 'router~10.0.0.1~gw.edge~edge.svc.cluster.local',
      cluster: 'gw.edge',
      metadata: { fields: { LABELS: { structValue: { fields: { app: { stringValue: 'gw' } } } }, NAMESPACE: { stringValue: 'edge' } } },
      locality: { region: 'r', subZone: 's' },
      userAgentName: 'weft',
      userAgentVersion: '1',
    },
    typeUrl: 'type',
    resourceNamesSubscribe: ['*', 'x'],
    initialResourceVersions: { a: '1', b: '2' },
  });
});

it('a response is taken, or refused with a reason', () => {
  expect(read(encodeDeltaRequest({ typeUrl: 't', nonce: 'n' }))).toEqual({ typeUrl: 't', responseNonce: 'n' });
  expect(read(encodeDeltaRequest({ typeUrl: 't', nonce: 'n', refusal: 'no "x"' }))).toEqual({
    typeUrl: 't',
    responseNonce: 'n',
    errorDetail: { code: 3, message: 'no "x"' },
  });
});

it('responses are read as they are written, with fields that are not known', () => {
  const resource = fc.record({ name: fc.string(), version: fc.string(), bytes: fc.option(fc.uint8Array(), { nil: undefined }) });
  const one = fc.record({ typeUrl: fc.string(), nonce: fc.string(), resources: fc.array(resource), removed: fc.array(fc.string()) });
  fc.assert(
    fc.property(one, ({ typeUrl, nonce, resources, removed }) => {
      const bytes = response
        .encode({
          systemVersionInfo: 'v',
          typeUrl,
          nonce,
          removedResources: removed,
          controlPlane: { identifier: 'x' },
          resources: resources.map(({ name, version, bytes: value }) => ({
            name,
            version,
            aliases: ['y'],
            ttl: 5,
            ...(value ? { resource: { typeUrl: 't', value } } : {}),
          })),
        })
        .finish();
      const decoded = decodeDeltaResponse(bytes);
      const plain = (value: Uint8Array | undefined): number[] | undefined => value && [...value];
      expect({ ...decoded, resources: decoded.resources.map((own) => ({ ...own, bytes: plain(own.bytes) })) }).toEqual({
        typeUrl,
        nonce,
        removed,
        resources: resources.map((own) => ({ ...own, bytes: plain(own.bytes) })),
      });
    }),
  );
});

it('bytes that are no response are an error, and never without an end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        expect(decodeDeltaResponse(bytes)).toHaveProperty('resources');
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});
