// One file describes many runs of the command:
//
//   ==== name          what the scenario is about; begins a new one
//   ==== file PATH     a file of the folder that the command runs in; `\r` at the end of a line is a carriage return
//   ==== command       for bash, with weft on the PATH
//   ==== stdout        what is expected; a missing section stands for nothing, or for the exit code 0
//   ==== stderr
//   ==== exit
//
// UPDATE_GOLDEN=1 writes what came instead of comparing.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

export interface Scenario {
  name: string;
  files: Map<string, string>;
  command: string;
  expected: Outcome;
}

export interface Outcome {
  stdout: string;
  stderr: string;
  exit: string;
}

export function parseScenarios(text: string): Scenario[] {
  const out: Scenario[] = [];
  for (const part of text
    .replace(/\n\n(?===== name )/g, '\n')
    .split(/^==== /m)
    .slice(1)) {
    const line = part.indexOf('\n');
    const title = part.slice(0, line).trim();
    const [section, argument = ''] = [title.split(' ')[0], title.slice(title.indexOf(' ') + 1)];
    const body = part.slice(line + 1);
    const scenario = out.at(-1);
    if (section === 'name') out.push({ name: argument, files: new Map(), command: '', expected: { stdout: '', stderr: '', exit: '0\n' } });
    else if (!scenario) throw new Error(`==== ${title} comes before the first name`);
    else if (section === 'file') scenario.files.set(argument, body.replace(/\\r$/gm, '\r'));
    else if (section === 'command') scenario.command = body;
    else if (section === 'stdout' || section === 'stderr' || section === 'exit') scenario.expected[section] = body;
    else throw new Error(`no such section: ==== ${title}`);
  }
  return out;
}

export function formatScenarios(scenarios: readonly Scenario[]): string {
  return scenarios
    .map(({ name, files, command, expected }) =>
      [
        `==== name ${name}\n`,
        ...[...files].map(([path, text]) => `==== file ${path}\n${text.replace(/\r$/gm, '\\r')}`),
        `==== command\n${command}`,
        expected.stdout === '' ? '' : `==== stdout\n${expected.stdout}`,
        expected.stderr === '' ? '' : `==== stderr\n${expected.stderr}`,
        expected.exit === '0\n' ? '' : `==== exit\n${expected.exit}`,
      ].join(''),
    )
    .join('\n');
}

/** Runs the command in a folder of its own. */
export async function run({ files, command }: Scenario): Promise<Outcome> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'weft-scenario-')));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { FORCE_COLOR: _force, NO_COLOR: _no, KUBERNETES_SERVICE_HOST: _pod, ...inherited } = process.env;
    // Whoever runs the tests may have a cluster.
    const env = {
      ...inherited,
      KUBECONFIG: join(folder, 'kubeconfig'),
      PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}`,
      LC_ALL: 'C.UTF-8',
      COLUMNS: '80',
    };
    const child = spawn('bash', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
      let text = '';
      for await (const chunk of stream.setEncoding('utf8')) text += chunk;
      return shown(text, folder);
    };
    const code = new Promise<number>((resolve, reject) => child.on('error', reject).on('close', (exit) => resolve(exit ?? -1)));
    const [stdout, stderr, exit] = await Promise.all([read(child.stdout), read(child.stderr), code]);
    return { stdout, stderr, exit: `${exit}\n` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With what changes from run to run under a name, and what is not seen made visible. */
function shown(text: string, folder: string): string {
  const out = text
    .replaceAll(folder, 'FOLDER')
    .replaceAll(root, 'WEFT')
    .replaceAll(process.version, 'NODE')
    .replace(new RegExp(`(?<=version\\b.{0,12})${version.replaceAll('.', '\\.')}|^${version.replaceAll('.', '\\.')}$`, 'gm'), 'VERSION')
    .replaceAll('\u001b', '<ESC>')
    .replaceAll('\r', '<CR>');
  return out === '' || out.endsWith('\n') ? out : `${out}<no line end>\n`;
}
