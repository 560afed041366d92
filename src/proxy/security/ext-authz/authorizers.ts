import type { ExternalAuthorizer } from '../../../ir/authorization.ts';
import type { ConnectionCheck, ExternalCheck } from '../external-check.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HttpCheck } from './http-check.ts';
import type { CallDeps } from './upstream-call.ts';

/** Services that are asked by one thread, through the clusters of its table. */
export class ExternalAuthorizers {
  private readonly deps: CallDeps;
  private readonly checks = new WeakMap<ExternalAuthorizer, ExternalCheck & ConnectionCheck>();

  constructor(deps: CallDeps) {
    this.deps = deps;
  }

  of(authorizer: ExternalAuthorizer): ExternalCheck & ConnectionCheck {
    let check = this.checks.get(authorizer);
    if (!check) {
      check = authorizer.protocol === 'http' ? new HttpCheck(this.deps, authorizer) : new GrpcCheck(this.deps, authorizer);
      this.checks.set(authorizer, check);
    }
    return check;
  }
}
