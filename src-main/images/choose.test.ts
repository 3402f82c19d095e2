import { describe, expect, it } from 'vitest';
import { chooseVersion, currentVersion, pickImage } from './choose.ts';
import type { ImageRow, VersionRow } from './repo.ts';

const image = (fields: Partial<ImageRow> = {}): ImageRow => ({
  guid: 'a0000000-0000-4000-8000-000000000001', name: 'Lab', description: '', enabled: 1, protected: 0, created_at: 0, last_number: 3, trashed_at: null, delete_after: null, removing_at: null, stored_bytes: 0, stored_bytes_stale: 0, kind: 'image', scope: 'default', priority: 0, ...fields,
});
const version = (number: number, fields: Partial<VersionRow> = {}): VersionRow => ({
  guid: `v${number}`, image_guid: 'g', number, state: 'ready', enabled: 1, note: '', captured_at: 0, captured_by: '', computer_name: '', disk_bytes: 0, used_bytes: 0, new_bytes: 0, stored_bytes: 0,
  smallest_target_bytes: 0, verified_at: null, damaged_chunks: 0, trashed_at: null, delete_after: null, removing_at: null, manifest: '', manifest_bytes: 0, origin_server_id: null, pending: 0, own_state: 'ready', own_proved_at: null, ...fields,
});
const refusal = (work: () => unknown): { code?: string; message?: string; data?: Record<string, unknown> } => {
  try {
    work();
  } catch (error) {
    return error as { code?: string };
  }
  return {};
};

describe('what a deploy takes', () => {
  it.each([
    ['the newest', [version(1), version(2)], undefined, 2],
    ['the one asked for', [version(1), version(2)], 1, 1],
    ['the newest that is enabled', [version(1), version(2, { enabled: 0 })], undefined, 1],
    ['the newest outside the trash', [version(1), version(2, { trashed_at: 1 })], undefined, 1],
    ['one that is still verifying, and waits', [version(1), version(2, { state: 'verifying' })], undefined, 2],
  ] as const)('is %s', (_, versions, wanted, number) => {
    expect(chooseVersion(image(), versions, wanted).number).toBe(number);
  });

  it.each([
    ['the newest enabled one is damaged, however good older ones are', image(), [version(1), version(2, { state: 'damaged' })], undefined, 'image-damaged'],
    ['the one asked for is damaged', image(), [version(1, { state: 'damaged' }), version(2)], 1, 'image-damaged'],
    ['the image is disabled', image({ enabled: 0 }), [version(1)], undefined, 'image-disabled'],
    ['every version is disabled', image(), [version(1, { enabled: 0 })], undefined, 'image-disabled'],
    ['the one asked for is disabled', image(), [version(1, { enabled: 0 }), version(2)], 1, 'image-disabled'],
    ['the image is in the trash', image({ trashed_at: 1 }), [version(1)], undefined, 'image-in-trash'],
    ['every version is in the trash', image(), [version(1, { trashed_at: 1 })], undefined, 'image-in-trash'],
    ['the one asked for is in the trash', image(), [version(1, { trashed_at: 1 }), version(2)], 1, 'image-in-trash'],
    ['there is no version', image(), [], undefined, 'image-empty'],
    ['there is no such version', image(), [version(1)], 7, 'not-found'],
  ] as const)('is refused when %s', (_, row, versions, wanted, code) => {
    expect(refusal(() => chooseVersion(row, versions, wanted)).code).toBe(code);
  });

  it('says which older version could be asked for when the newest is damaged', () => {
    const error = refusal(() => chooseVersion(image(), [version(1), version(2), version(3, { state: 'damaged', damaged_chunks: 4 })]));
    expect(error.message).toContain('--version 2');
    expect(error.data).toMatchObject({ version: 3, ready: [2, 1], damagedChunks: 4 });
  });

  it('is a version that waits to be validated only by its number, at the site it was captured at', () => {
    const versions = [version(1), version(2, { pending: 1, origin_server_id: 'rome' })];
    const at = (near: string[], wanted?: number, rows = versions): number | string | undefined => {
      const found: number[] = [];
      return refusal(() => found.push(chooseVersion(image(), rows, wanted, { origins: new Set(['hq']), near: new Set(near) }).number)).code ?? found[0];
    };
    expect([at(['rome'], 2), at(['oslo'], 2), at([], 2), at(['rome']), at(['rome'], 2, [version(2, { pending: 1 })]), at(['rome'], undefined, versions.slice(1))]).toEqual([2, 'conflict', 'conflict', 1, 'conflict', 'conflict']);
  });

  it('is shown as current whatever its state', () => {
    expect(currentVersion([version(1), version(3, { enabled: 0 }), version(2, { state: 'damaged' })])?.number).toBe(2);
    expect(currentVersion([])).toBeNull();
  });
});

describe('naming an image', () => {
  const other = image({ guid: 'b0000000-0000-4000-8000-000000000002', created_at: 86_400_000 });
  it('refuses a name that several have, with their GUIDs and dates', () => {
    const error = refusal(() => pickImage([image(), other], 'Lab'));
    expect(error.code).toBe('ambiguous-name');
    expect(error.message).toContain(other.guid);
    expect(error.message).toContain('1970-01-02');
    expect(error.data?.['images']).toHaveLength(2);
  });
  it('means the one outside the trash when the other is in it', () => {
    expect(pickImage([image({ trashed_at: 1 }), other], 'Lab')).toBe(other);
  });
  it('finds one in the trash when there is no other, and nothing when there is none', () => {
    const trashed = image({ trashed_at: 1 });
    expect([pickImage([trashed], 'Lab'), pickImage([], 'Lab')]).toEqual([trashed, null]);
  });
});
