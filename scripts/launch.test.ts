import { describe, expect, it } from 'vitest';
import { isForAgent } from './launch.mjs';

describe('the command line', () => {
  it('gives the agent what is done on this very computer, and the server everything else', () => {
    const forAgent = [['agent'], ['agent', 'portal'], ['job', 'run', 'Win11 lab', '--here'], ['--server', 'https://x', 'job', 'run', 'x', '--here', '--help']];
    const forServer = [[], ['serve'], ['job', 'run', 'Win11 lab', '--computer', 'LAB-1'], ['job', 'tree'], ['run', 'list'], ['help', 'agent']];
    expect([forAgent.map(isForAgent), forServer.map(isForAgent)]).toEqual([forAgent.map(() => true), forServer.map(() => false)]);
  });
});
