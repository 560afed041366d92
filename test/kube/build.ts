// Builds the test cluster where it is not there yet: before the tests that need it, since a first build takes minutes.
//
//   node test/kube/build.ts
import { buildProgram } from './program.ts';

try {
  console.log(await buildProgram());
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
