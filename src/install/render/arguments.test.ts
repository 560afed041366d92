import { expect, it } from 'vitest';
import { createProgram } from '../../cli/main.ts';
import { mergeValues } from '../merge.ts';
import { renderManifests } from './manifests.ts';

interface Workload {
  metadata: { name: string };
  spec: { template: { spec: { containers: { args: string[] }[] } } };
}

const workloads = (['embedded', 'envoy'] as const).flatMap((engine) => {
  const { values } = mergeValues({ files: [], set: [`proxy.engine=${engine}`, 'controller.statusConditions=true'], profile: 'demo' });
  const objects = renderManifests(values, { weftVersion: '1' }).filter(({ object }) => object.kind === 'Deployment');
  return objects.map(({ object }) => object as unknown as Workload);
});

it.each(workloads.map(({ metadata, spec }) => [metadata.name, spec.template.spec.containers[0]?.args ?? []] as const))(
  'the container of %s is started with flags that there are: %s',
  (_, args) => {
    let command = createProgram();
    const root = command;
    const words = [...args];
    for (let next = command.commands.find((child) => child.name() === words[0]); next; next = command.commands.find((child) => child.name() === words[0])) {
      command = next;
      words.shift();
    }
    expect(command).not.toBe(root);
    const known = [...command.options, ...root.options];
    while (words.length > 0) {
      const flag = words.shift() as string;
      const option = known.find(({ long }) => long === flag);
      expect(option, flag).toBeDefined();
      if (option?.required) expect(words.shift(), `the value of ${flag}`).toBeTypeOf('string');
    }
  },
);
