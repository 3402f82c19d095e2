// The pages about package servers as one row of tabs, the same on each of them.
import { PageTabs } from '../ui/Page.tsx';

const pages = [
  { id: 'servers', title: 'Servers', href: '/servers' }, { id: 'matrix', title: 'Images × servers', href: '/matrix' }, { id: 'transfers', title: 'Transfers', href: '/transfers' }, { id: 'handovers', title: 'Hand-overs', href: '/handovers' },
  { id: 'sites', title: 'Sites', href: '/sites' }, { id: 'templates', title: 'Site templates', href: '/templates' }, { id: 'rules', title: 'Source rules', href: '/rules' },
];

export function ServersTabs({ active }: { active: 'servers' | 'matrix' | 'transfers' | 'handovers' | 'sites' | 'templates' | 'rules' }) {
  return <PageTabs base="/servers" active={active} tabs={pages} />;
}
