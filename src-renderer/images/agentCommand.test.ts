import { describe, expect, it } from 'vitest';
import { agentCommand, quoted } from './agentCommand.ts';

describe('the command to capture or deploy', () => {
  it('needs no server on the machine of the server', () => {
    expect(agentCommand({ task: 'capture', disk: '/dev/sda', image: 'Win11 lab', server: null })).toBe("platen agent capture --disk /dev/sda --image 'Win11 lab'");
  });
  it('names server, token and version elsewhere', () => {
    expect(agentCommand({ task: 'deploy', disk: '/dev/nvme0n1', image: 'lab', version: 3, server: { address: 'https://10.0.0.5:8420', token: 'platen1.a-b_c.00ff' } }))
      .toBe('platen agent deploy --disk /dev/nvme0n1 --image lab --version 3 --server https://10.0.0.5:8420 --token platen1.a-b_c.00ff');
  });
  it('quotes what a shell would take apart', () => {
    expect([quoted("Anna's lab"), quoted('$(rm -rf /)'), quoted('')]).toEqual([String.raw`'Anna'\''s lab'`, "'$(rm -rf /)'", "''"]);
  });
});
