// What a workload asks an authority for: a certificate for a key that it proves to have (PKCS #10).
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator, type PublicKey, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { algorithmOf, exportKey, newKeys, ownAlgorithm } from './keys.ts';

/** PEM. */
export interface MadeRequest {
  request: string;
  key: string;
}

/** With a key made for it. @param spiffeId of the workload */
export async function makeRequest(spiffeId: string): Promise<MadeRequest> {
  const keys = await newKeys();
  const request = await Pkcs10CertificateRequestGenerator.create(
    { keys, signingAlgorithm: ownAlgorithm, extensions: [new SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId }], true)] },
    webcrypto,
  );
  return { request: `${request.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** Longer than any that is right: before anything is read of it. */
const longestRequest = 32 * 1024;

/**
 * The key of a request. What else it asks for is not looked at: who somebody is, is not told by themselves.
 *
 * @throws Error that says why it is refused: unreadable, a key that is too weak, a signature by another key
 */
export async function requestedKey(text: string): Promise<PublicKey> {
  if (text.length > longestRequest) throw new Error('the certificate request is too long');
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(text);
  } catch {
    throw new Error('the certificate request cannot be read: it is to be PKCS #10 as PEM');
  }
  const { publicKey } = request;
  algorithmOf(createPublicKey({ key: Buffer.from(publicKey.rawData), format: 'der', type: 'spki' }));
  let proven = false;
  try {
    proven = await request.verify(webcrypto);
  } catch {
    // A signature that cannot be read proves nothing either.
  }
  if (!proven) throw new Error('the certificate request is not signed by the key that it is for');
  return publicKey;
}
