// Owns the server's TLS key and its self-signed certificate: made at first start, kept in two files, pinned by its fingerprint.
// DER is written by hand (X.690): a certificate this small needs no library.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type TlsIdentity = { keyPem: string; certificatePem: string; /** SHA-256 of the certificate's DER, 64 hex digits */ fingerprint: string };

const VALID_YEARS = 30;

export function loadTlsIdentity(folder: string, commonName: string, now: number): TlsIdentity {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [keyPath, certificatePath] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  if (!existsSync(keyPath)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeAtOnce(keyPath, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  }
  const keyPem = readFileSync(keyPath, 'utf8');
  if (!existsSync(certificatePath)) writeAtOnce(certificatePath, selfSigned(keyPem, commonName, now), 0o644);
  const certificatePem = readFileSync(certificatePath, 'utf8');
  return { keyPem, certificatePem, fingerprint: fingerprintOf(certificatePem) };
}

export function fingerprintOf(certificatePem: string): string {
  return createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('hex');
}

function writeAtOnce(path: string, text: string, mode: number): void {
  const unfinished = `${path}.part`;
  writeFileSync(unfinished, text, { mode, flush: true });
  renameSync(unfinished, path);
}

/** X.509 v3 (RFC 5280 §4.1), ECDSA with SHA-256. Names do not matter to pinned clients; localhost is there for browsers. */
export function selfSigned(keyPem: string, commonName: string, now: number): string {
  const key = createPrivateKey(keyPem);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const algorithm = sequence(oid([42, 134, 72, 206, 61, 4, 3, 2])); // 1.2.840.10045.4.3.2 ecdsa-with-SHA256
  const name = sequence(tlv(0x31, sequence(oid([85, 4, 3]), tlv(0x0c, Buffer.from(commonName.slice(0, 64), 'utf8')))));
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f | 0x40; // positive and of full length
  const loopbackNames = sequence(tlv(0x82, Buffer.from('localhost')), tlv(0x87, Buffer.from([127, 0, 0, 1])), tlv(0x87, Buffer.from('00000000000000000000000000000001', 'hex')));
  const extensions = tlv(0xa3, sequence(
    sequence(oid([85, 29, 19]), tlv(0x01, Buffer.from([0xff])), tlv(0x04, sequence())), // basicConstraints: not a CA
    sequence(oid([85, 29, 15]), tlv(0x01, Buffer.from([0xff])), tlv(0x04, tlv(0x03, Buffer.from([7, 0x80])))), // keyUsage: digitalSignature
    sequence(oid([85, 29, 17]), tlv(0x04, loopbackNames)), // subjectAltName
  ));
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + VALID_YEARS);
  // A day back, because the clocks of machines in a lab are often wrong.
  const validity = sequence(time(new Date(now - 86_400_000)), time(end));
  const body = sequence(tlv(0xa0, tlv(0x02, Buffer.from([2]))), tlv(0x02, serial), algorithm, name, validity, name, publicKey, extensions);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, key)])));
  return `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

function tlv(tag: number, content: Uint8Array): Buffer {
  const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
function sequence(...parts: Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}
function oid(bytes: number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes));
}
/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5). */
function time(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(`${text.slice(2)}Z`)) : tlv(0x18, Buffer.from(`${text}Z`));
}
