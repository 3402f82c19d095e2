import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noSignedSlot } from '#shared/model/boot.ts';
import type { Environment } from '../environment/service.ts';
import { readUefiProgram } from './pe.ts';
import { readSlot, withSignedSlot } from './signed-slot.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'platen-slot-')); });
afterEach(() => rmSync(folder, { recursive: true }));

/** A UEFI program as far as it is looked at. */
function program({ signers = [], machine = 0x8664, subsystem = 10 }: { signers?: string[]; machine?: number; subsystem?: number } = {}): Buffer {
  const names = signers.map((name) => Buffer.concat([Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, name.length]), Buffer.from(name)]));
  const body = Buffer.concat(names);
  const certificate = signers.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.alloc(8), body, Buffer.alloc(-body.length & 7)]);
  const bytes = Buffer.concat([Buffer.alloc(1024), certificate]);
  bytes.write('MZ', 0);
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80, 'latin1');
  bytes.writeUInt16LE(machine, 0x84);
  const optional = 0x98;
  bytes.writeUInt16LE(0x20b, optional);
  bytes.writeUInt16LE(subsystem, optional + 68);
  bytes.writeUInt32LE(16, optional + 108);
  if (signers.length > 0) {
    bytes.writeUInt32LE(1024, optional + 112 + 32);
    bytes.writeUInt32LE(certificate.length, optional + 112 + 36);
    bytes.writeUInt32LE(certificate.length, 1024);
    bytes.writeUInt16LE(0x200, 1028);
    bytes.writeUInt16LE(2, 1030);
  }
  return bytes;
}
const drop = (name: string, bytes: Buffer): void => writeFileSync(join(folder, name), bytes);
const environment = {
  view: () => ({ state: 'ready', kernelVersion: '', baseBytes: 0, builtAt: null, loaders: [{ name: 'snponly.efi', origin: 'ipxe', sizeBytes: 1 }, { name: 'shimx64.efi', origin: 'shim', sizeBytes: 2 }], problem: null, log: [], signed: noSignedSlot }),
  files: () => ({ loaders: { 'snponly.efi': '/debian/snponly.efi' }, images: {}, loaderNames: { bios: '', biosOther: '', uefi: 'snponly.efi', uefiOther: '', secureBoot: 'shimx64.efi' } }),
} as unknown as Environment;

describe('the slot for signed iPXE', () => {
  it('is empty where its folder is missing, and nothing changes', () => {
    const slot = readSlot(join(folder, 'none'));
    expect([slot.state, slot.files, slot.text.includes(join(folder, 'none'))]).toEqual(['empty', [], true]);
    expect(withSignedSlot(environment, join(folder, 'none')).files()).toEqual(environment.files());
  });
  it('with a signed shim and a signed iPXE is what Secure Boot clients get, by every name they may ask for', () => {
    drop('ipxe-shimx64.efi', program({ signers: ['Microsoft UEFI CA 2023 signer'] }));
    drop('snponly.efi', program({ signers: ['iPXE Secure Boot'] }));
    const served = withSignedSlot(environment, folder);
    expect(served.files()).toMatchObject({
      loaders: { 'ipxe-shimx64.efi': join(folder, 'ipxe-shimx64.efi'), 'ipxe.efi': join(folder, 'snponly.efi'), 'snponly.efi': join(folder, 'snponly.efi') }, loaderNames: { uefi: 'snponly.efi', secureBoot: 'ipxe-shimx64.efi' },
    });
    const view = served.view();
    expect([view.signed.state, view.signed.files.map(({ name, role, signers }) => [name, role, signers]), view.loaders.map(({ name }) => name)]).toEqual([
      'ready', [['ipxe-shimx64.efi', 'shim', ['Microsoft UEFI CA 2023 signer']], ['snponly.efi', 'ipxe', ['iPXE Secure Boot']]], ['shimx64.efi', 'ipxe-shimx64.efi', 'snponly.efi', 'ipxe.efi'],
    ]);
    expect(view.signed.text).toContain('To go back, remove both');
  });
  it('says of each file why it is not used, and goes on with Debian\'s chain', () => {
    drop('ipxe-shimx64.efi', program());
    drop('ipxe.efi', program({ signers: ['iPXE'], machine: 0xaa64 }));
    drop('snponly.efi', Buffer.from('<html>not found</html>'));
    drop('shimx64.efi', program({ signers: ['Microsoft'] }));
    drop('readme.txt', Buffer.from('hello'));
    mkdirSync(join(folder, 'x86_64-sb'));
    const slot = readSlot(folder);
    expect([slot.state, Object.fromEntries(slot.files.map(({ name, problem }) => [name, problem?.replace(/^Not used: /, '').split(/[.,:]/)[0]]))]).toEqual(['incomplete', {
      'ipxe-shimx64.efi': 'it carries no signature', 'ipxe.efi': 'it is for other processors (arm64)', 'snponly.efi': 'it is no UEFI program', 'shimx64.efi': 'call it ipxe-shimx64', 'readme.txt': 'it is called neither like a shim of iPXE\'s (ipxe-shimx64',
    }]);
    expect(withSignedSlot(environment, folder).files()).toEqual(environment.files());
  });
  it('never fails on what is in a file', () => {
    const good = program({ signers: ['Microsoft', 'iPXE'] });
    fc.assert(fc.property(fc.nat(good.length), fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 12 }), (length, changes) => {
      const bytes = Buffer.from(good.subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      readUefiProgram(bytes);
    }));
  });
});
