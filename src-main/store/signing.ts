// Owns the server's signing key and detached signatures of manifests. The private key never leaves key.pem (mode 0600);
// public keys of this and earlier keys stay in keys/, so that old signatures remain checkable.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { manifestSignatureSchema, type ManifestSignature } from '#shared/agent/manifest.ts';
import { makeDurableFolder, readSmallFile, writeSmallFile, type StoreFiles } from './files.ts';
import type { HashHex } from './types.ts';

const MAX_KEY_BYTES = 8192;

export type Signer = {
  keyId: string;
  sign(manifest: HashHex, at: number): ManifestSignature;
  /** True when a key of this store made it and it fits the manifest. */
  isValid(signature: ManifestSignature): boolean;
};

function message(manifest: HashHex): Buffer {
  return Buffer.from(`platen manifest v1\n${manifest}`);
}

function idOf(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex');
}

export async function openSigner(files: StoreFiles, folder: string): Promise<Signer> {
  const keyPath = join(folder, 'key.pem');
  const publicFolder = join(folder, 'keys');
  let pem = await readSmallFile(files, keyPath, MAX_KEY_BYTES);
  if (pem === null) {
    pem = Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeSmallFile(files, keyPath, pem, 0o600);
  }
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const keyId = idOf(publicKey);
  await makeDurableFolder(files, publicFolder);
  const publicPath = join(publicFolder, `${keyId.slice(0, 16)}.pem`);
  if ((await files.sizeOf(publicPath)) === null) await writeSmallFile(files, publicPath, Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })));
  const known = await readPublicKeys(files, publicFolder);
  known.set(keyId, publicKey);
  return {
    keyId,
    sign: (manifest, at) => ({
      algorithm: 'ed25519',
      keyId,
      manifest,
      signature: sign(null, message(manifest), privateKey).toString('base64'),
      signedAt: new Date(at).toISOString(),
    }),
    isValid: (signature) => {
      const key = known.get(signature.keyId);
      return key !== undefined && verify(null, message(signature.manifest), key, Buffer.from(signature.signature, 'base64'));
    },
  };
}

async function readPublicKeys(files: StoreFiles, folder: string): Promise<Map<string, KeyObject>> {
  const keys = new Map<string, KeyObject>();
  for (const name of await files.list(folder)) {
    if (!name.endsWith('.pem')) continue;
    try {
      const key = createPublicKey((await readSmallFile(files, join(folder, name), MAX_KEY_BYTES)) ?? '');
      keys.set(idOf(key), key);
    } catch {
      // A damaged public key only means that its signatures can't be checked; they then show as invalid.
    }
  }
  return keys;
}

export function encodeSignature(signature: ManifestSignature): Buffer {
  return Buffer.from(`${JSON.stringify(signature)}\n`);
}

/** null for bytes that are no signature. */
export function decodeSignature(bytes: Uint8Array): ManifestSignature | null {
  try {
    return manifestSignatureSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return null;
  }
}
