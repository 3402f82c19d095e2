// Help: the administrator's documentation, in the console, so that it is at hand in a lab without internet. Loaded when opened.
import { IconHelp } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import backup from '../../docs/admin/backup.md?raw';
import commandLine from '../../docs/admin/command-line.md?raw';
import computers from '../../docs/admin/computers.md?raw';
import desktop from '../../docs/admin/desktop.md?raw';
import firstDeploy from '../../docs/admin/first-deploy.md?raw';
import firstImage from '../../docs/admin/first-image.md?raw';
import firstJob from '../../docs/admin/first-job.md?raw';
import images from '../../docs/admin/images.md?raw';
import jobs from '../../docs/admin/jobs.md?raw';
import networkBoot from '../../docs/admin/network-boot.md?raw';
import packageServers from '../../docs/admin/package-servers.md?raw';
import portal from '../../docs/admin/portal.md?raw';
import server from '../../docs/admin/server.md?raw';
import { NothingHere } from '../app/NothingHere.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { blocksOf } from './markdown.ts';
import type { Block, Piece } from './markdown.ts';
import { helpTitles, isHelpTopic } from './topics.ts';
import type { HelpTopic } from './topics.ts';
import classes from './HelpPage.module.css';

const texts: Record<HelpTopic, string> = {
  'first-image': firstImage, 'first-job': firstJob, 'first-deploy': firstDeploy,
  images, jobs, portal, computers, 'network-boot': networkBoot, server, 'package-servers': packageServers, backup, desktop, 'command-line': commandLine,
};

export function HelpPage({ topic }: { topic: string }) {
  return isHelpTopic(topic) ? <Topic topic={topic} /> : <NothingHere />;
}

function Topic({ topic }: { topic: HelpTopic }) {
  // The first heading is the page's title already.
  const blocks = useMemo(() => blocksOf(texts[topic]).filter((block, index) => index > 0 || block.kind !== 'heading'), [topic]);
  return (
    <>
      <PageHead icon={<IconHelp size={18} stroke={1.6} />} title={helpTitles[topic]} documentTitle={helpTitles[topic]} />
      <PageBody>
        <nav className={classes['topics']} aria-label="Help pages">
          {Object.entries(helpTitles).map(([each, title]) => <Link key={each} href={`/help/${each}`} {...(each === topic ? { 'aria-current': 'page' as const } : {})}>{title}</Link>)}
        </nav>
        <article className={classes['text']}>{blocks.map((block, index) => <BlockView key={index} block={block} />)}</article>
      </PageBody>
    </>
  );
}

function BlockView({ block }: { block: Block }): ReactNode {
  switch (block.kind) {
    case 'heading': return block.level <= 2 ? <h2><Pieces of={block.pieces} /></h2> : <h3><Pieces of={block.pieces} /></h3>;
    case 'paragraph': return <p><Pieces of={block.pieces} /></p>;
    case 'code': return <pre tabIndex={0} role="group" aria-label="Example">{block.text}</pre>;
    case 'list': {
      const items = block.items.map((item, index) => <li key={index}><Pieces of={item} /></li>);
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table': return (
      <table>
        {block.head.some((cell) => cell.length > 0) && <thead><tr>{block.head.map((cell, index) => (cell.length === 0 ? <td key={index} /> : <th key={index} scope="col"><Pieces of={cell} /></th>))}</tr></thead>}
        <tbody>{block.rows.map((row, index) => <tr key={index}>{row.map((cell, at) => <td key={at}><Pieces of={cell} /></td>)}</tr>)}</tbody>
      </table>
    );
  }
}

function Pieces({ of }: { of: Piece[] }): ReactNode {
  return of.map((piece, index) => {
    if (piece.kind === 'code') return <code key={index}>{piece.text}</code>;
    if (piece.kind === 'strong') return <strong key={index}>{piece.text}</strong>;
    if (piece.kind === 'em') return <em key={index}>{piece.text}</em>;
    const topic = piece.kind === 'link' ? (/^([\w-]+)\.md/.exec(piece.href)?.[1] ?? '') : '';
    return isHelpTopic(topic) ? <Link key={index} href={`/help/${topic}`}>{piece.text}</Link> : piece.text;
  });
}
