// A request, asked of the tables of a mesh: of its caller's proxy, and of those that guard where it goes.
import type { Cluster } from '../../ir/cluster.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { TokenKnowledge } from '../../simulate/admission/tokens.ts';
import { type Arrival, type ArrivalServer, arrivals } from '../../simulate/arrivals.ts';
import type { SimulatedRequest } from '../../simulate/request.ts';
import { Simulator } from '../../simulate/simulate.ts';
import type { Simulation } from '../../simulate/simulation.ts';
import { provenanceOf } from '../../translate/provenance/provenance.ts';
import { callerSidecar, principalOf, serversOf } from '../../translate/servers.ts';
import { routingTable } from '../../translate/table.ts';

export interface Answered {
  simulation: Simulation;
  simulator: Simulator;
  /** At the workloads of the destinations. */
  arrivals: Arrival[];
}

export function ask(mesh: Mesh, proxy: ProxyIdentity, request: SimulatedRequest, tokens: TokenKnowledge): Answered {
  const provenance = provenanceOf(mesh, proxy);
  const table = routingTable(mesh, proxy);
  const simulator = new Simulator(table, { provenance, tokens });
  const simulation = simulator.simulate(request);
  const servers = (cluster: Cluster): ArrivalServer[] =>
    serversOf(mesh, cluster, provenance.expected(cluster)).map((server) => ({ ...server, table: routingTable(mesh, server.proxy) }));
  const caller = { principal: principalOf(mesh, proxy), callerSidecar: callerSidecar(mesh, proxy) };
  return { simulation, simulator, arrivals: arrivals(simulation, request, { table, ...caller, servers, tokens }) };
}
