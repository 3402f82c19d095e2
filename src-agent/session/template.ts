// Owns the values that a task's text may name: {name}, {serial}, {model} and {date}. Pure; what is unknown stays as it was written.

export type TemplateFacts = { name: string; serial: string; model: string; now: Date };

export function fillTemplate(text: string, facts: TemplateFacts): string {
  return text.replaceAll(/\{(name|serial|model|date)\}/g, (_, key: string) => valueOf(key, facts));
}

/** For names of images: slashes and control characters that firmware puts in a model or serial would be refused there. */
export function fillNameTemplate(text: string, facts: TemplateFacts): string {
  const clean = (value: string): string => value.replaceAll(/[\p{Cc}/\\]+/gu, '-').trim();
  return fillTemplate(text, { ...facts, name: clean(facts.name), serial: clean(facts.serial), model: clean(facts.model) });
}

function valueOf(key: string, { name, serial, model, now }: TemplateFacts): string {
  if (key === 'name') return name;
  if (key === 'serial') return serial;
  return key === 'model' ? model : localDate(now);
}

/** 2026-07-04, as the clock on the computer's wall says. */
export function localDate(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
