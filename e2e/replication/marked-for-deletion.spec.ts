// Seed, the trap: "on PS010 … that same package was marked for Deletion after PS009 took ownership", because the assignment said PS009 alone.
import { begin, untilState } from './hand-over.ts';
import { expect, test } from './story.ts';

test('an old assignment deletes nothing at PS010 when PS009 takes ownership, and PS010 can still take it', async ({ story }) => {
  await story.begin({ servers: ['PS008', 'PS009', 'PS010'] });
  const lab = story.lab;
  await story.capture(await story.disk('win11'), 'Lab Win11', story.server('PS008'));
  await story.says('Lab Win11', 'ready', 'PS008', 'PS009', 'PS010', 'HQ');
  const moved = await story.carriedTo(story.server('PS010'), async () => {
    await story.hq.platen('server', 'assign', 'Lab Win11', '--to', 'PS009');
    await untilState(lab, await begin(lab, { kind: 'take-ownership', images: ['Lab Win11'], to: 'PS009' }), 'done');
    await story.ownedBy('Lab Win11', 'externally managed · PS009');
    expect(await story.reads('Lab Win11', 'PS010')).toBe('ready');
    await untilState(lab, await begin(lab, { kind: 'take-ownership', images: ['Lab Win11'], to: 'PS010' }), 'done');
    await story.ownedBy('Lab Win11', 'externally managed · PS010');
  });
  // What it has it proves again; nothing has to travel.
  expect(moved).toBeLessThan(1024 * 1024);
  await story.says('Lab Win11', 'ready', 'PS008', 'PS009', 'PS010', 'HQ');
  await story.mustBeSound();
});
