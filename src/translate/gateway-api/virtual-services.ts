import type { Mesh } from '../../model/mesh.ts';
import type { RoutingService } from '../virtual-services.ts';

export function virtualServicesOfRoutes(_mesh: Mesh): RoutingService[] {
  return [];
}
