// Owns the rows of package servers. For now there is one: this console, the first package server, made at the first start.
import { randomUUID } from 'node:crypto';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { SettingsService } from '../settings/service.ts';

/** @returns this server's id, the same for as long as its data folder lives */
export function openOwnServer({ db, events, settings, clock }: { db: Database; events: Events; settings: SettingsService; clock: () => number }): string {
  const id = db.transaction(() => {
    const known = db.get<{ id: string }>('SELECT id FROM server WHERE is_self = 1');
    if (known !== undefined) return known.id;
    const made = randomUUID();
    db.run("INSERT INTO server (id, name, role, is_self, created_at) VALUES (:id, :name, 'console', 1, :now)", { id: made, name: settings.get().serverName, now: clock() });
    return made;
  });
  // Owners and copies show its name, so the row follows the setting.
  settings.follow(({ serverName }) => {
    if (db.run('UPDATE server SET name = :serverName WHERE id = :id AND name <> :serverName', { id, serverName }) > 0) events.changed('server', id);
  });
  return id;
}
