import type { Output } from './outputs.ts';
import type { Session } from './session.ts';

export async function watch(_session: Session, _paths: readonly string[], _outputs: readonly Output[]): Promise<number> {
  return 0;
}
