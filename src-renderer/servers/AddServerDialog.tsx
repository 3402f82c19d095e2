// *Add a package server*: its name and site, then the token that is shown this once, with the command that spends it on the other machine.
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { Command } from '../ui/CopyText.tsx';
import { ErrorBlock, WarningLine } from '../ui/ErrorBlock.tsx';
import { When } from '../ui/When.tsx';
import { parentsFor } from './parents.ts';
import { useServerActions } from './useServerActions.tsx';
import type { JoinToken } from './useServerActions.tsx';
import classes from './Servers.module.css';

export function AddServerDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<{ name: string; token: JoinToken } | null>(null);
  const close = (): void => {
    onClose();
    setMade(null);
  };
  // What is shown this once does not go away by a click beside it.
  return (
    <Modal opened={opened} onClose={close} size={640} title={made === null ? 'Add a package server' : `Let ${made.name} join`} closeOnClickOutside={made === null} closeButtonProps={{ 'aria-label': 'Close' }}>
      {opened && (made === null ? <Ask onMade={(name, token) => setMade({ name, token })} onClose={close} /> : <Show name={made.name} token={made.token} onClose={close} />)}
    </Modal>
  );
}

function Ask({ onMade, onClose }: { onMade: (name: string, token: JoinToken) => void; onClose: () => void }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const actions = useServerActions();
  const sites = useQuery(trpc.sites.list.queryOptions());
  const [name, setName] = useState('');
  const servers = useQuery(trpc.servers.list.queryOptions());
  const [site, setSite] = useState<string | null>(null);
  const [parent, setParent] = useState<string | null>(null);
  const able = parentsFor({ id: null, siteId: site }, servers.data ?? []);
  const wanted = name.trim();
  const add = async (): Promise<void> => {
    if (wanted === '') return;
    const token = await actions.add({ name: wanted, site, parent });
    if (token !== null) onMade(wanted, token);
  };
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); void add(); }}>
      <TextInput label="Name" description="What it is called here, such as PS008. It can be renamed later." value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus maxLength={63} spellCheck={false} autoComplete="off" />
      <Select label="Site" description="Computers of a site read from its servers. Can be chosen later." placeholder="No site" data={(sites.data ?? []).map((each) => ({ value: each.id, label: each.name }))} value={site} onChange={(id) => { setSite(id); setParent(null); }} clearable checkIconPosition="right" disabled={(sites.data ?? []).length === 0} comboboxProps={{ withinPortal: false }} />
      {able.length > 0 && <Select label="Copies from" description="An edge server copies from one server of its site alone, and spares the line." placeholder="Any server" data={able.map((each) => ({ value: each.id, label: `${each.name} alone` }))} value={parent} onChange={setParent} clearable checkIconPosition="right" comboboxProps={{ withinPortal: false }} />}
      {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
      <div className={classes['buttons']}><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" disabled={!connected || wanted === ''} loading={actions.busy}>Make a join token</Button></div>
    </form>
  );
}

function Show({ name, token, onClose }: { name: string; token: JoinToken; onClose: () => void }) {
  return (
    <div className={classes['form']}>
      {token.note !== null && <WarningLine>{token.note}</WarningLine>}
      <p>Install Platen on the other machine, and run this there. <span className="mono">--data DIR</span> behind it chooses the folder for its copies.</p>
      <Command text={token.command} />
      <div><p className={classes['label']}>Join token</p><Command text={token.token} label="Copy token" /></div>
      <p><strong>It is shown this once</strong>, is good for one machine, and ends <When at={token.expiresAt} />. {name} appears in the list when it has joined.</p>
      <div className={classes['buttons']}><Button onClick={onClose}>Done</Button></div>
    </div>
  );
}
