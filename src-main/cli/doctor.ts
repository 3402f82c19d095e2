// Owns `platen doctor`: looks for what does not add up, through the running server or, where none runs, through one started for that.
import type { FindingView } from '#shared/model/server.ts';
import type { Command } from './command.ts';
import { withServer } from './own-server.ts';
import { printable } from './table.ts';

export const doctor: Command = {
  path: ['doctor'],
  summary: 'find whatever does not add up in the data folder, and repair it',
  description: 'Looks for what does not add up: chunks, packs, manifests, records. Says for each finding what would be done about it; --repair does it. --deep reads every chunk back as well, which takes as long as reading the whole store. '
    + 'Works without a running server too: then the data folder is opened for the time it takes. Exit code 1 while findings remain.',
  positionals: [],
  options: { repair: { help: 'repair what can be repaired' }, deep: { help: 'read every chunk back' } },
  examples: ['platen doctor', 'platen doctor --deep --repair', 'platen doctor --data /mnt/old-server'],
  run: async (context) => {
    const question = { repair: context.input.switches.has('repair'), deep: context.input.switches.has('deep') };
    const findings = await withServer(context, async ({ api }) => await api.doctor.run.mutate(question));
    const open = findings.filter((finding) => !finding.repaired);
    return { json: findings, text: findingsText(findings, question.repair), exitCode: open.length > 0 ? 1 : 0 };
  },
};

function findingsText(findings: readonly FindingView[], repair: boolean): string {
  if (findings.length === 0) return 'Everything adds up.';
  const lines = findings.map((finding) => {
    const what = finding.repaired ? '  repaired' : finding.repair === null ? '  cannot be repaired by itself' : `  ${repair ? 'not repaired' : 'repair'}: ${printable(finding.repair)}`;
    return `${finding.kind}: ${printable(finding.message)}\n${what}`;
  });
  const repairable = findings.some((finding) => !finding.repaired && finding.repair !== null);
  return [...lines, '', repairable && !repair ? 'To repair what can be repaired: platen doctor --repair' : ''].join('\n').trimEnd();
}
