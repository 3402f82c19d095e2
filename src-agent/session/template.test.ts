import { describe, expect, it } from 'vitest';
import { fillNameTemplate, fillTemplate } from './template.ts';

const facts = { name: 'LAB-12', serial: '7XK/2M33', model: 'Latitude 5420', now: new Date(2026, 6, 4, 23, 59) };

describe('a task\'s text', () => {
  it('names the computer, its serial number and model, and the day', () => {
    expect(fillTemplate('{name} {serial} {model} {date}', facts)).toBe('LAB-12 7XK/2M33 Latitude 5420 2026-07-04');
  });
  it('keeps what it does not know, and takes no value for a template', () => {
    expect(fillTemplate('{colour} {Name} {{name}} {', { ...facts, name: '{serial}' })).toBe('{colour} {Name} {{serial}} {');
  });
  it('as an image\'s name holds nothing that such a name must not', () => {
    expect(fillNameTemplate('{serial} of {name}', { ...facts, name: 'a\\b\n' })).toBe('7XK-2M33 of a-b-');
  });
});
