// Owns the order of migrations. Imported statically, so that bundles need no files at run time.
import type { Migration } from '../migrate.ts';
import { firstRecords } from './0001-first-records.ts';
import { imageStoredBytes } from './0002-image-stored-bytes.ts';
import { jobsAndGroups } from './0003-jobs-and-groups.ts';
import { computersByTheThousand } from './0004-computers-by-the-thousand.ts';
import { networkBoot } from './0005-network-boot.ts';
import { replication } from './0006-replication.ts';

export const migrations: readonly Migration[] = [firstRecords, imageStoredBytes, jobsAndGroups, computersByTheThousand, networkBoot, replication];
