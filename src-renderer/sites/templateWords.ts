// Pure: the state of a site template in words, and how its content differs from what is published.
import type { SiteTemplate, TemplateContent } from '#shared/model/replication.ts';
import { windowsText } from '#shared/model/window-text.ts';
import { formatRate } from '#shared/units.ts';
import type { Worded } from '../images/imageWords.ts';

export function sameContent(left: TemplateContent, right: TemplateContent): boolean {
  const key = (content: TemplateContent): string => JSON.stringify([content.images.toSorted(), content.bytesPerSecond, content.windows]);
  return key(left) === key(right);
}
export function isChanged(template: Pick<SiteTemplate, 'draft' | 'published'>): boolean {
  return template.published === null || !sameContent(template.draft, template.published);
}

export function templateState(template: Pick<SiteTemplate, 'draft' | 'published' | 'revision'>): Worded {
  if (template.published === null) return { tone: 'wait', word: 'Never published' };
  return isChanged(template) ? { tone: 'warn', word: `Revision ${template.revision}, draft differs` } : { tone: 'ok', word: `Published, revision ${template.revision}` };
}

/** "12 images · at most 10 MB/s · mon-fri 22:00-06:00". */
export function contentWords(content: TemplateContent): string {
  const count = content.images.length;
  return [count === 0 ? 'no images' : count === 1 ? '1 image' : `${count} images`, content.bytesPerSecond === null ? 'no limit' : `at most ${formatRate(content.bytesPerSecond)}`, windowsText(content.windows)].join(' · ');
}

/** What an image of the draft is beside what is published; null where it is in both. */
export function imageChange(guid: string, template: Pick<SiteTemplate, 'draft' | 'published'>): 'added' | 'removed' | null {
  const [drafted, published] = [template.draft.images.includes(guid), template.published?.images.includes(guid) ?? false];
  return drafted === published ? null : drafted ? 'added' : 'removed';
}

export function freeTemplateName(templates: readonly Pick<SiteTemplate, 'name'>[]): string {
  const taken = new Set(templates.map((template) => template.name.toLowerCase()));
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'New site template' : `New site template ${number}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}
