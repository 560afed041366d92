// The way to a control plane that is known by its certificate, and to which a token says who calls.
import { readFile } from 'node:fs/promises';
import { credentials, Metadata } from '@grpc/grpc-js';
import type { Channel } from '../envoy/xds/table-client.ts';
import { certificatesOf } from '../pki/pem.ts';

export interface ControlPlaneSettings {
  /** `HOST:PORT` */
  address: string;
  /** In its certificate, where that is not the host of the address. */
  name: string | undefined;
  /** Read for each connection: both change while the proxy runs. */
  tokenFile: string;
  rootsFile: string;
}

export class ControlPlane {
  readonly address: string;
  private readonly settings: ControlPlaneSettings;

  constructor(settings: ControlPlaneSettings) {
    this.settings = settings;
    this.address = settings.address;
  }

  /** PEM. @throws Error that names the file */
  async roots(): Promise<string> {
    const { rootsFile } = this.settings;
    const text = certificatesOf(await read('the roots of the mesh', rootsFile)).join('');
    if (text === '') throw new Error(`${rootsFile} has no certificate: by those of this file the control plane is known`);
    return text;
  }

  /** @throws Error that names the file */
  async token(): Promise<string> {
    const { tokenFile } = this.settings;
    const token = (await read('the token of the service account', tokenFile)).trim();
    if (token === '') throw new Error(`${tokenFile} is empty: a token in it says who this proxy is`);
    return token;
  }

  /** @throws Error that names the file that is missing */
  async channel(): Promise<Channel> {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await this.token()}`);
    return { ...(await this.safe()), metadata };
  }

  /** The same without the token. */
  async safe(): Promise<Omit<Channel, 'metadata'>> {
    const { name } = this.settings;
    return {
      credentials: credentials.createSsl(Buffer.from(await this.roots())),
      options: {
        ...(name === undefined ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }),
        // Roots that have changed are those of new connections.
        'grpc.use_local_subchannel_pool': 1,
        'grpc.enable_http_proxy': 0,
      },
    };
  }
}

async function read(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new Error(`${what} cannot be read from ${file}: ${code === 'ENOENT' ? 'there is no such file' : (error as Error).message}`);
  }
}
