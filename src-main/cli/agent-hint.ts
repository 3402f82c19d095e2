// Owns what `platen agent` says where it reaches the server's program: the agent is a program of its own, which bin/platen
// starts; nothing of it is in here.
import { AppError } from '#shared/errors.ts';
import type { Command } from './command.ts';

export const agent: Command = {
  path: ['agent'],
  summary: 'capture and deploy disks of this very machine (its own help: platen agent --help)',
  description: 'The imaging agent is a program of its own, which `platen agent …` starts: capture, deploy, inventory, portal; `platen job run JOB --here` is its as well. This program is the server and its commands, and cannot be the agent: start it through bin/platen.',
  positionals: [{ name: 'ARGUMENTS', required: false, many: true }],
  options: {},
  examples: ["platen agent capture --disk /dev/sda --image 'Lab Win11'", "platen agent deploy --disk /dev/sdb --image 'Lab Win11' --expect serial=S4X9,size=256060514304", 'platen agent inventory'],
  run: async () => {
    throw new AppError('usage', 'The agent is a program of its own: start it as "platen agent …" (bin/platen), or node out/agent/agent.cjs in a checkout.');
  },
};
