// Owns what a recogniser says of one volume, and the words of its refusals.
// A recogniser returns null where the bytes are not its file system, and throws where they are but can't be trusted.
import { AppError } from '#shared/errors.ts';
import type { FsType } from '#shared/model/schema.ts';
import type { UsedMap } from '../types.ts';

export type Recognised = {
  fsType: FsType;
  /** Where fsType is raw and something was recognised all the same. */
  detected?: string;
  label: string;
  uuid: string;
  blockSizeBytes: number;
  map: UsedMap | 'all';
  note?: string;
};

/** why: what is wrong, as a sentence; remedy: what the person should do. about: what is known of the volume, for listing it. */
export function refuse(
  code: 'volume-unclean' | 'volume-damaged' | 'volume-hibernated' | 'volume-bitlocker', why: string, remedy: string, about: { fsType: string; label: string },
): AppError {
  return new AppError(code, `${why} ${remedy}`, about);
}
