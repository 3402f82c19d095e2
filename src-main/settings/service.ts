// Owns the settings: one row per key that differs from the default, parsed on the way in and out.
import { AppError } from '#shared/errors.ts';
import { defaultSettings, settingsSchema, type Settings } from '#shared/model/server.ts';
import { settingProblems } from '#shared/model/settings-words.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';

export type SettingsService = ReturnType<typeof openSettings>;

export function openSettings({ db, events }: { db: Database; events: Events }) {
  let current = read(db);
  const listeners = new Set<(settings: Settings) => void>();
  return {
    get: (): Settings => current,
    /** Called at once and after every change. */
    follow(listener: (settings: Settings) => void): void {
      listeners.add(listener);
      listener(current);
    },
    set(patch: { [K in keyof Settings]?: Settings[K] | undefined }, actor: string): Settings {
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
      const parsed = settingsSchema.safeParse({ ...current, ...given });
      if (!parsed.success) throw new AppError('invalid-input', `Nothing was changed. ${settingProblems(given)}`, { settings: Object.keys(given) });
      db.transaction(() => {
        for (const [key, value] of Object.entries(given)) {
          db.run('INSERT INTO setting (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value', { key, value: JSON.stringify(value) });
        }
        events.record({ actor, entity: 'settings', id: 'settings', kind: 'changed', message: `Settings changed: ${Object.keys(given).join(', ')}`, data: given });
      });
      current = parsed.data;
      for (const listener of listeners) listener(current);
      events.changed('settings', 'settings');
      return current;
    },
  };
}

/** A value this version cannot read falls back to its default: a bad row must not keep the server from starting. */
function read(db: Database): Settings {
  const stored: Record<string, unknown> = {};
  for (const { key, value } of db.all<{ key: string; value: string }>('SELECT key, value FROM setting')) {
    const field = Object.hasOwn(settingsSchema.shape, key) ? settingsSchema.shape[key as keyof Settings] : undefined;
    const parsed = field?.safeParse(parseJson(value));
    if (parsed?.success === true) stored[key] = parsed.data;
  }
  return settingsSchema.parse({ ...defaultSettings, ...stored });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
