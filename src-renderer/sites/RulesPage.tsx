// Source rules: which server the computers of a subnet read from, in order and edited in place; and the question which server a computer
// would read from, answered with the reason of each.
import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowDown, IconArrowUp, IconRoute, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import type { PackageServer } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { EditableText } from '../ui/EditableText.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead, Section } from '../ui/Page.tsx';
import { ServersTabs } from '../servers/ServersTabs.tsx';
import { RuleQuestion } from './RuleQuestion.tsx';
import { subnetProblem } from './siteText.ts';
import { useRules } from './useRules.ts';
import type { Rule } from './useRules.ts';
import classes from './Sites.module.css';

export function RulesPage() {
  const trpc = useTRPC();
  const rules = useQuery(trpc.servers.rules.queryOptions());
  const servers = useQuery(trpc.servers.list.queryOptions());
  const failed = [rules, servers].find((query) => query.isError && query.data === undefined);
  return (
    <>
      <PageHead icon={<IconRoute size={18} stroke={1.6} />} title="Source rules" documentTitle="Source rules" state={rules.data !== undefined && rules.data.length > 0 && <span className="dim">{rules.data.length}</span>} />
      <ServersTabs active="rules" />
      <PageBody>
        {failed !== undefined ? <ErrorBlock title="The rules could not be read" error={shownError(failed.error)} onRetry={() => { void rules.refetch(); void servers.refetch(); }} /> : rules.data === undefined || servers.data === undefined ? <FactsSkeleton rows={6} /> : (
          <>
            <Rules rules={rules.data} servers={servers.data} />
            <RuleQuestion />
          </>
        )}
      </PageBody>
    </>
  );
}

function Rules({ rules, servers }: { rules: Rule[]; servers: PackageServer[] }) {
  const connected = useConnected();
  const { save, busy, failure, dismiss } = useRules();
  const list = useRef<HTMLOListElement>(null);
  const followed = useRef<{ order: string; at: number; by: number } | null>(null);
  const able = servers.filter((server) => server.state === 'joined' || server.state === 'retiring');
  const name = (id: string): string => servers.find((server) => server.id === id)?.name ?? 'a server that is gone';
  const change = (at: number, wanted: Partial<Rule>): Rule[] => rules.map((rule, index) => (index === at ? { ...rule, ...wanted } : rule));
  const move = (at: number, by: number): void => {
    const moved = rules.toSpliced(at, 1).toSpliced(at + by, 0, ...rules.slice(at, at + 1));
    followed.current = { order: JSON.stringify(moved), at: at + by, by };
    void save(moved, rules, 'Order of the rules changed');
  };
  // The keyboard stays on the rule that moved, once it stands there.
  useEffect(() => {
    const wanted = followed.current;
    if (wanted === null || busy || wanted.order !== JSON.stringify(rules)) return;
    followed.current = null;
    const buttons = [...(list.current?.children[wanted.at]?.querySelectorAll<HTMLButtonElement>('[data-move]') ?? [])];
    (buttons.find((button) => button.dataset['move'] === String(wanted.by) && !button.disabled) ?? buttons.find((button) => !button.disabled))?.focus();
  }, [rules, busy]);
  return (
    <Section title="Rules" aside={rules.length > 1 ? 'the first that fits decides' : undefined}>
      <p className="dim" style={{ maxWidth: 860 }}>A computer reads from the server that a rule names for its subnet, if that one has a proved copy; else from a server of its site, then the console, then any other.</p>
      {rules.length === 0 ? <p>There is no rule: sites decide.</p> : (
        <ol ref={list} className={classes['rules']} aria-label="Rules">
          {rules.map((rule, at) => (
            <li key={`${at} ${rule.subnet} ${rule.serverId}`}>
              <span className="dim">{at + 1}</span>
              <span className="mono"><EditableText value={rule.subnet} label={`Subnet of rule ${at + 1}`} check={subnetProblem} disabled={!connected || busy} onSave={(subnet) => void save(change(at, { subnet }), rules, `Rule ${at + 1} is for ${subnet} now`)} /></span>
              <Select
                aria-label={`Server of rule ${at + 1}`} size="xs" allowDeselect={false} checkIconPosition="right" disabled={!connected || busy} value={rule.serverId}
                data={[...able, ...servers.filter((server) => server.id === rule.serverId && !able.includes(server))].map((server) => ({ value: server.id, label: server.name }))}
                onChange={(serverId) => { if (serverId !== null && serverId !== rule.serverId) void save(change(at, { serverId }), rules, `${rule.subnet} reads from ${name(serverId)} now`); }}
              />
              <span className={classes['moves']}>
                <ActionIcon data-move="-1" aria-label={`Move rule ${at + 1} up`} disabled={!connected || busy || at === 0} onClick={() => move(at, -1)}><IconArrowUp size={16} /></ActionIcon>
                <ActionIcon data-move="1" aria-label={`Move rule ${at + 1} down`} disabled={!connected || busy || at === rules.length - 1} onClick={() => move(at, 1)}><IconArrowDown size={16} /></ActionIcon>
                <ActionIcon aria-label={`Delete rule ${at + 1}`} disabled={!connected || busy} onClick={() => void save(rules.toSpliced(at, 1), rules, `Rule for ${rule.subnet} deleted`)}><IconX size={16} /></ActionIcon>
              </span>
            </li>
          ))}
        </ol>
      )}
      {able.every((server) => server.isSelf) ? <p className={`dim ${classes['linked'] ?? ''}`}>There is no package server yet to send computers to. <Link href="/servers/add">Add a package server…</Link></p> : <AddRule servers={able} disabled={!connected || busy} onAdd={(rule) => save([...rules, rule], rules, `${rule.subnet} reads from ${name(rule.serverId)} now`)} />}
      {failure !== null && <ErrorBlock title={failure.title} error={failure.error} onDismiss={dismiss} />}
    </Section>
  );
}

function AddRule({ servers, disabled, onAdd }: { servers: PackageServer[]; disabled: boolean; onAdd: (rule: Rule) => Promise<boolean> }) {
  const [subnet, setSubnet] = useState('');
  const [serverId, setServerId] = useState<string | null>(null);
  const problem = subnet.trim() === '' ? null : subnetProblem(subnet.trim());
  const add = async (): Promise<void> => {
    if (problem !== null || subnet.trim() === '' || serverId === null || disabled) return;
    if (await onAdd({ subnet: subnet.trim(), serverId })) setSubnet('');
  };
  return (
    <form className={classes['addRule']} onSubmit={(event) => { event.preventDefault(); void add(); }}>
      <TextInput label="Subnet" placeholder="10.1.7.0/24" value={subnet} error={problem} onChange={(event) => setSubnet(event.currentTarget.value)} spellCheck={false} autoComplete="off" w={190} classNames={{ input: 'mono' }} />
      <Select label="Reads from" placeholder="Choose a server" data={servers.map((server) => ({ value: server.id, label: server.name }))} value={serverId} onChange={setServerId} searchable checkIconPosition="right" w={220} />
      <Button type="submit" variant="default" mt={24} disabled={disabled || problem !== null || subnet.trim() === '' || serverId === null}>Add rule</Button>
    </form>
  );
}
