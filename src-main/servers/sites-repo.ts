// Owns the SQL of sites, site templates and their revisions. No rules: those are in sites.ts and templates.ts.
import type { Database } from '../db/database.ts';

export type SiteRow = {
  id: string; name: string; description: string; /** JSON */ subnets: string; locally_managed: number; template_id: string | null; bytes_per_second: number | null; /** JSON */ windows: string; created_at: number; trashed_at: number | null;
};
export type TemplateRow = { id: string; name: string; /** JSON */ draft: string; published: string | null; revision: number; created_at: number; trashed_at: number | null };
export type RevisionRow = { revision: number; at: number; actor: string; content: string };
export type SiteRepo = ReturnType<typeof openSiteRepo>;

export function openSiteRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    sites: (): SiteRow[] => db.all('SELECT * FROM site WHERE trashed_at IS NULL ORDER BY name COLLATE NOCASE'),
    site: (id: string): SiteRow | undefined => db.get('SELECT * FROM site WHERE id = :id', { id }),
    insertSite: (row: Omit<SiteRow, 'trashed_at'>): void => void db.run(`INSERT INTO site (id, name, description, subnets, locally_managed, template_id, bytes_per_second, windows, created_at)
      VALUES (:id, :name, :description, :subnets, :locally_managed, :template_id, :bytes_per_second, :windows, :created_at)`, row),
    saveSite: (row: Omit<SiteRow, 'trashed_at' | 'created_at'>): void => void db.run(`UPDATE site SET name = :name, description = :description, subnets = :subnets, locally_managed = :locally_managed, template_id = :template_id,
      bytes_per_second = :bytes_per_second, windows = :windows WHERE id = :id`, row),
    trashSite: (id: string, at: number | null): void => void db.run('UPDATE site SET trashed_at = :at WHERE id = :id', { id, at }),
    serversOf: (siteId: string): { id: string; name: string }[] => db.all("SELECT id, name FROM server WHERE site_id = :siteId AND state IN ('joined', 'retiring') ORDER BY name COLLATE NOCASE", { siteId }),
    setServerSite: (serverId: string, siteId: string | null): void => void db.run('UPDATE server SET site_id = :siteId WHERE id = :serverId', { serverId, siteId }),

    templates: (): TemplateRow[] => db.all('SELECT * FROM site_template WHERE trashed_at IS NULL ORDER BY name COLLATE NOCASE'),
    template: (id: string): TemplateRow | undefined => db.get('SELECT * FROM site_template WHERE id = :id', { id }),
    insertTemplate: (row: { id: string; name: string; draft: string; now: number }): void => void db.run('INSERT INTO site_template (id, name, draft, created_at) VALUES (:id, :name, :draft, :now)', row),
    saveTemplate: (row: { id: string; name: string; draft: string }): void => void db.run('UPDATE site_template SET name = :name, draft = :draft WHERE id = :id', row),
    /** Compare-and-set by the revision it followed on. */
    publish: (row: { id: string; from: number; content: string; at: number; actor: string }): boolean => {
      const won = db.run('UPDATE site_template SET published = :content, revision = :from + 1 WHERE id = :id AND revision = :from', { id: row.id, from: row.from, content: row.content }) === 1;
      if (won) db.run('INSERT INTO site_template_revision (template_id, revision, at, actor, content) VALUES (:id, :from + 1, :at, :actor, :content)', row);
      return won;
    },
    trashTemplate: (id: string, at: number | null): void => void db.run('UPDATE site_template SET trashed_at = :at WHERE id = :id', { id, at }),
    revisions: (templateId: string): RevisionRow[] => db.all('SELECT revision, at, actor, content FROM site_template_revision WHERE template_id = :templateId ORDER BY revision DESC', { templateId }),
    revision: (templateId: string, revision: number): RevisionRow | undefined => db.get('SELECT revision, at, actor, content FROM site_template_revision WHERE template_id = :templateId AND revision = :revision', { templateId, revision }),
    sitesOf: (templateId: string): { id: string; name: string }[] => db.all('SELECT id, name FROM site WHERE template_id = :templateId AND trashed_at IS NULL ORDER BY name COLLATE NOCASE', { templateId }),
  };
}
