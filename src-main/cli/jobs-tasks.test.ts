import { describe, expect, it } from 'vitest';
import type { Task } from '#shared/model/job.ts';
import { taskSummary } from '#shared/model/job.ts';
import { tasksFrom, type TaskSources } from './jobs-tasks.ts';

const guid = '6f0c1f0e-0c3b-4f6e-9a51-0e5a3f0b8f11';
const sources: TaskSources = {
  findImage: (name) => Promise.resolve(name === 'Win11' || name === guid ? { guid, name: 'Win11', versions: [3, 1] } : name === 'odd@5' ? { guid, name: 'odd@5', versions: [1] } : null),
  readText: (path) => Promise.resolve(path === 'join.sh' ? 'echo one\necho two\n' : path),
};
/** "deploy=Win11" stands for --deploy Win11. */
const typed = (...options: string[]): Promise<Task[] | null> => {
  const given = options.map((option) => ({ name: option.slice(0, option.indexOf('=')), value: option.slice(option.indexOf('=') + 1) }));
  return tasksFrom({ given, texts: Object.fromEntries(given.map(({ name, value }) => [name, value])), switches: new Set(), positionals: [] }, sources, 'platen job create');
};
const words = async (...options: string[]): Promise<string[] | undefined> => (await typed(...options))?.map(taskSummary);

describe('tasks on the command line', () => {
  it('are what was typed, in that order', async () => {
    expect(await words('script=join.sh', 'deploy=Win11@1', 'message=Done', 'deploy=Win11', 'capture=New', 'power=restart')).toEqual([
      'Run join.sh (2 lines)', 'Deploy Win11 (version 1) to the internal disk', 'Show “Done” until a key is pressed', 'Deploy Win11 (newest version) to the internal disk', 'Capture the internal disk into New', 'Restart the computer',
    ]);
    expect(await typed()).toBeNull();
  });
  it('have the disk and the seconds typed after them; a disk typed first is for all', async () => {
    expect(await words('to-disk=smallest', 'deploy=Win11', 'deploy=Win11', 'to-disk=serial=S64 X', 'capture=New', 'to-disk=path=/dev/sdb', 'message=Hi', 'seconds=10')).toEqual([
      'Deploy Win11 (newest version) to the smallest internal disk that fits', 'Deploy Win11 (newest version) to the disk with serial S64 X', 'Capture /dev/sdb into New', 'Show “Hi” for 10 s',
    ]);
    expect(await typed('script=join.sh', 'seconds=60')).toMatchObject([{ timeoutSeconds: 60, title: 'join.sh', continueOnError: false }]);
  });
  it('name an image once and for all, by its GUID; a name that ends like a version is one where it exists', async () => {
    expect(await typed('deploy=Win11', 'capture=Win11', 'capture=New', 'deploy=odd@5')).toMatchObject([{ imageGuid: guid, version: null }, { imageGuid: guid }, { imageGuid: null, imageName: 'New' }, { imageName: 'odd@5', version: null }]);
  });
  it('come from a file as well, with or without ids', async () => {
    expect(await words('tasks=[{"type":"power","action":"shut-down"}]')).toEqual(['Switch the computer off']);
    expect(await typed('tasks={"name":"x","tasks":[{"id":"a","type":"message","text":"Hi","seconds":null}]}')).toMatchObject([{ id: 'a' }]);
  });
  it.each([
    [['deploy=Nothing'], 'There is no image "Nothing" to deploy'], [['deploy=Win11@9'], 'has no version 9. It has: 3, 1.'], [['power=off'], '--power takes restart or shut-down'],
    [['message=Hi', 'to-disk=smallest'], '--to-disk belongs to the deploy or capture before it'], [['deploy=Win11', 'to-disk=first'], '--to-disk takes internal, smallest, serial=S or path=P'],
    [['deploy=Win11', 'seconds=5'], '--seconds belongs to the message or script'], [['message=Hi', 'seconds=0'], 'from 1 to 86400'],
    [['tasks={'], 'is not JSON'], [['tasks={}'], 'holds no tasks'], [['tasks=[]', 'power=restart'], 'leave the other task options out'],
    [['tasks=[{"type":"power","action":"shut-down"},{"type":"power","action":"explode"}]'], 'task 2 (action): '], [['message= '], 'task 1 (text): The message is empty.'],
    [['message=Hi', 'seconds=5', `script=${'x'.repeat(65_537)}`], 'task 2 (text)'],
  ])('%j is refused in words', async (options, message) => {
    await expect(typed(...options)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(message) as unknown });
  });
});
