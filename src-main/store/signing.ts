// Owns the server's signing key, and which signatures of manifests count. The private key never leaves key.pem (mode 0600); public keys
// lie in keys/: of this and earlier keys, so that old signatures remain checkable, and of other servers that are trusted.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { manifestSignatureSchema, type ManifestSignature } from '#shared/agent/manifest.ts';
import { AppError } from '#shared/errors.ts';
import { makeDurableFolder, readSmallFile, writeSmallFile, type StoreFiles } from './files.ts';
import type { HashHex } from './types.ts';

const MAX_KEY_BYTES = 8192;

export type Signer = {
  keyId: string;
  /** PEM. */
  publicKey: string;
  sign(manifest: HashHex, at: number): ManifestSignature;
  /** base64 over purpose and message. */
  signFor(purpose: string, message: string): string;
  /** Durably: from now on its signatures count. */
  trust(publicKeyPem: string): Promise<void>;
  /** True when a key of this store, or one it trusts, made it and it fits the manifest. */
  isValid(signature: ManifestSignature): boolean;
  /** Until the next start: what is new comes in by this store's own signature or one of these keys (PEM) alone. null: by any that is trusted. */
  acceptFrom(publicKeys: readonly string[] | null): void;
  /** True when it is valid and lets in what is new. */
  isAccepted(signature: ManifestSignature): boolean;
};

/** "platen record v1" and a newline: what is signed begins with it, so that no signature serves another purpose. Manifests have their own. */
const purposePattern = /^platen (?!manifest )[a-z]+ v\d+\n$/;

function message(manifest: HashHex): Buffer {
  return Buffer.from(`platen manifest v1\n${manifest}`);
}

function idOf(key: KeyObject): string {
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex');
}

/** An Ed25519 public key from PEM; null for anything else. */
function publicKeyOf(pem: string | Uint8Array): KeyObject | null {
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
  // Of a private key the public one could be derived, but nobody hands that over.
  if (!text.startsWith('-----BEGIN PUBLIC KEY-----')) return null;
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** The id of a public key (PEM); null where it is no Ed25519 key. */
export function keyIdOf(publicKeyPem: string): string | null {
  const key = publicKeyOf(publicKeyPem);
  return key === null ? null : idOf(key);
}

/** Whether the holder of this key (PEM) signed that manifest. */
export function isManifestSignedBy(publicKeyPem: string, signature: ManifestSignature): boolean {
  const key = publicKeyOf(publicKeyPem);
  return key !== null && idOf(key) === signature.keyId && verify(null, message(signature.manifest), key, Buffer.from(signature.signature, 'base64'));
}

/** Whether the holder of this key signed this message for this purpose. Whatever it is given, it answers and does not throw. */
export function isSignedBy(publicKeyPem: string, purpose: string, text: string, signature: string): boolean {
  const key = publicKeyOf(publicKeyPem);
  return key !== null && verify(null, Buffer.from(purpose + text), key, Buffer.from(signature, 'base64'));
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
  const keep = async (id: string, key: KeyObject): Promise<void> => {
    const path = join(publicFolder, `${id.slice(0, 16)}.pem`);
    if ((await files.sizeOf(path)) === null) await writeSmallFile(files, path, Buffer.from(key.export({ type: 'spki', format: 'pem' })));
  };
  await keep(keyId, publicKey);
  const known = await readPublicKeys(files, publicFolder);
  known.set(keyId, publicKey);
  let accepted: ReadonlySet<string> | null = null;
  const isValid = (signature: ManifestSignature): boolean => {
    const key = known.get(signature.keyId);
    return key !== undefined && verify(null, message(signature.manifest), key, Buffer.from(signature.signature, 'base64'));
  };
  return {
    keyId,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    signFor: (purpose, text) => {
      if (!purposePattern.test(purpose)) throw new AppError('internal', 'A signature was asked for without a purpose of its own.', { purpose });
      return sign(null, Buffer.from(purpose + text), privateKey).toString('base64');
    },
    trust: async (pem) => {
      const key = publicKeyOf(pem);
      if (key === null) throw new AppError('invalid-input', 'This is no public key of a server: an Ed25519 key in PEM is expected. Let the server join again.', {});
      const id = idOf(key);
      if (known.has(id)) return;
      await keep(id, key);
      known.set(id, key);
    },
    sign: (manifest, at) => ({
      algorithm: 'ed25519',
      keyId,
      manifest,
      signature: sign(null, message(manifest), privateKey).toString('base64'),
      signedAt: new Date(at).toISOString(),
    }),
    isValid,
    acceptFrom: (publicKeys) => {
      accepted = publicKeys === null ? null : new Set([keyId, ...publicKeys.map(keyIdOf).filter((id) => id !== null)]);
    },
    isAccepted: (signature) => (accepted === null || accepted.has(signature.keyId)) && isValid(signature),
  };
}

async function readPublicKeys(files: StoreFiles, folder: string): Promise<Map<string, KeyObject>> {
  const keys = new Map<string, KeyObject>();
  for (const name of await files.list(folder)) {
    if (!name.endsWith('.pem')) continue;
    // A damaged public key only means that its signatures can't be checked; they then show as invalid.
    const key = publicKeyOf((await readSmallFile(files, join(folder, name), MAX_KEY_BYTES).catch(() => null)) ?? '');
    if (key !== null) keys.set(idOf(key), key);
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
