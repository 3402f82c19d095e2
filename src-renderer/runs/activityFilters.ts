// Pure: what Activity is narrowed to, and how that stands in its address ("/activity/show/state=failed&job=…").
import { isRefused } from '#shared/model/run-words.ts';
import type { RunState, RunView } from '#shared/model/run.ts';
import { runTitle } from '#shared/model/run.ts';

export const stateFilters = ['all', 'active', 'person', 'failed', 'succeeded', 'cancelled'] as const;
export type StateFilter = (typeof stateFilters)[number];
export type ActivityFilters = { state: StateFilter; computer: string | null; job: string | null; batch: string | null; text: string };
export const noFilters: ActivityFilters = { state: 'all', computer: null, job: null, batch: null, text: '' };

export const stateFilterWords: Record<StateFilter, string> = { all: 'All', active: 'Active', person: 'Waiting for a person', failed: 'Failed or refused', succeeded: 'Succeeded', cancelled: 'Cancelled' };

/** What the server is asked for; narrowing further (a person's word, the text) is done here. */
export const statesAsked: Record<StateFilter, RunState[] | null> = {
  all: null, active: ['queued', 'waiting', 'running', 'lost'], person: ['waiting'], failed: ['failed', 'lost'], succeeded: ['succeeded'], cancelled: ['cancelled'],
};

export function activityAddress(filters: Partial<ActivityFilters>): string {
  const given = Object.entries({ ...noFilters, ...filters }).filter(([, value]) => value !== null && value !== '' && value !== 'all');
  const text = new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
  return text === '' ? '/activity' : `/activity/show/${encodeURIComponent(text)}`;
}

export function readFilters(segment: string | undefined): ActivityFilters {
  const given = new URLSearchParams(decoded(segment ?? ''));
  const state = stateFilters.find((each) => each === given.get('state')) ?? 'all';
  const id = (key: string): string | null => { const value = given.get(key); return value !== null && /^[\w-]{1,80}$/.test(value) ? value : null; };
  return { state, computer: id('computer'), job: id('job'), batch: id('batch'), text: given.get('text') ?? '' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ''; // an address typed by hand: shows all
  }
}

export function isNarrowed(filters: ActivityFilters): boolean {
  return activityAddress(filters) !== '/activity';
}

/** Every word of the text somewhere in what a row shows. */
export function fits(run: RunView, filters: ActivityFilters): boolean {
  if (filters.state === 'person' && run.waitingFor !== 'person') return false;
  const states = statesAsked[filters.state];
  if (states !== null && !states.includes(run.state)) return false;
  if (filters.text.trim() === '') return true;
  const shown = [runTitle(run), run.computerName, run.actor, isRefused(run) ? 'refused' : run.state, run.error?.message ?? ''].join('\n').toLowerCase();
  return filters.text.toLowerCase().split(/\s+/).every((word) => shown.includes(word));
}
