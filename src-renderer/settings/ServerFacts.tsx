// What is fixed while the server runs: its folder, its addresses, its certificate, each with how it is changed.
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconFolderOpen } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { ServerStatus } from '#shared/model/server.ts';
import { Facts } from '../ui/Facts.tsx';
import classes from './SettingsPage.module.css';

export function ServerFacts({ status }: { status: ServerStatus }) {
  const { desktop } = window;
  return (
    <div className={classes['start']}>
      <Facts facts={[
        { name: 'Data folder', value: (
          <>
            <span className="mono">{status.dataFolder}</span>
            {desktop !== undefined && <Tooltip label="Show in the file manager"><ActionIcon size={22} ml={4} aria-label="Show the data folder in the file manager" onClick={() => void desktop.revealInFolder(status.dataFolder).catch(() => undefined)}><IconFolderOpen size={16} /></ActionIcon></Tooltip>}
            <p className="dim">Images, jobs, computers and logs. To move it: end the server, move the folder, and start with <span className="mono">--data NEW-FOLDER</span>.</p>
          </>
        ) },
        { name: 'Addresses', value: (
          <>
            {status.addresses.length === 0 ? 'This machine only' : status.addresses.map((address) => <div key={address} className="mono">{address}</div>)}
            <p className="dim">{status.addresses.length === 0 ? <>To let other computers reach it, end the server and start it with <span className="mono">--host 0.0.0.0</span>, or with one adapter’s address.</> : <>To listen elsewhere, end the server and start it with another <span className="mono">--host</span>.</>}</p>
          </>
        ) },
        { name: 'Port', value: <>{status.httpPort}<p className="dim">Another one with <span className="mono">--http-port</span>.</p></> },
        { name: 'Certificate', value: <><span className="mono">{status.fingerprint}</span><p className="dim">SHA-256. Compare it with what a browser on another machine shows before accepting it. <Link href="/help/server">About the server</Link></p></> },
        { name: 'Version', value: status.version },
      ]}
      />
    </div>
  );
}
