// `npm run schemas`, for maintainers: brings the schemas of a release into the repository. Needs Go, which fetches the modules
// that hold them. Only structure is kept, no text of theirs. `npm run schemas -- --compile-only` needs neither Go nor the network:
// it writes src/schema/generated anew from the schemas that are here.
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeGenerated } from './compile.ts';
import { readDefinitions } from './crds.ts';
import { writeDefinitions } from './definitions.ts';
import { readSchemas, removeSchemas, writeKinds, writeSchema } from './files.ts';
import { shareSchemas } from './share.ts';
import { readSwagger } from './swagger.ts';

const modules = {
  istio: 'istio.io/api@v1.28.1',
  gatewayApi: 'sigs.k8s.io/gateway-api@v1.4.1',
  kubernetes: 'k8s.io/kubernetes@v1.36.3',
};

function folderOf(module: string): string {
  return JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' })).Dir;
}

/** The shapes of the messages, a line for each entry. */
function writeMessages(): void {
  const printed = execFileSync('go', ['run', '.'], { cwd: join(import.meta.dirname, 'descriptors'), encoding: 'utf8', maxBuffer: 1 << 26 });
  const used = (entries: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(entries).filter(([name]) => !/^istio\.(?:analysis|meta)\./.test(name)));
  const { messages, enums } = JSON.parse(printed);
  const text = JSON.stringify({ messages: used(messages), enums: used(enums) }, null, 1);
  writeFileSync(join(import.meta.dirname, '../../schemas/istio-messages.json'), text.replace(/^ +/gm, '').replace(/^("[^"]*"): /gm, '$1:'));
}

/** What a patch of an EnvoyFilter can hold. Go compiles all of Envoy's API for it, which takes a minute. */
function writeEnvoyMessages(): void {
  const cwd = join(import.meta.dirname, 'descriptors/envoy');
  execFileSync('sh', ['imports.sh'], { cwd });
  writeFileSync(join(import.meta.dirname, '../../schemas/envoy-messages.json'), execFileSync('go', ['run', '.'], { cwd, maxBuffer: 1 << 26 }));
}

async function bringIn(): Promise<void> {
  writeMessages();
  writeEnvoyMessages();
  await import('./types.ts');

  removeSchemas();
  const definitions = join(folderOf(modules.istio), 'kubernetes/customresourcedefinitions.gen.yaml');
  writeKinds(readDefinitions(definitions, 'istio'));
  writeDefinitions(definitions);
  const gatewayApi = join(folderOf(modules.gatewayApi), 'config/crd/experimental');
  const files = readdirSync(gatewayApi).filter((file) => file.startsWith('gateway.networking.k8s.io_'));
  writeKinds(files.sort().flatMap((file) => readDefinitions(join(gatewayApi, file), 'gateway-api')));
  const { kinds, shared } = readSwagger(join(folderOf(modules.kubernetes), 'api/openapi-spec/swagger.json'));
  writeKinds(kinds);
  for (const [name, schema] of Object.entries(shared)) writeSchema('kubernetes', name, shareSchemas(schema));
}

if (!process.argv.includes('--compile-only')) await bringIn();
await writeGenerated(readSchemas());
