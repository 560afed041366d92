import type { AnyAnalyzer } from '../src/analysis/engine.ts';
import schemaValidation from './schema-validation.ts';
import shadowedRoute from './shadowed-route.ts';
import virtualServiceGateway from './virtualservice-gateway.ts';

/** Every analyzer that ships with weft. Order does not matter: findings are sorted. */
export const analyzers: readonly AnyAnalyzer[] = [...schemaValidation, virtualServiceGateway, shadowedRoute];
