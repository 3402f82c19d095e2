// The detail side's frame: one heading row (icon, title, state, actions), tabs with counts, a body that scrolls.
import { Skeleton, Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import classes from './Page.module.css';

type HeadProps = { icon: ReactNode; title: ReactNode; state?: ReactNode; actions?: ReactNode; documentTitle: string };

export function PageHead({ icon, title, state, actions, documentTitle }: HeadProps) {
  useEffect(() => { document.title = `${documentTitle} · Platen`; }, [documentTitle]);
  return (
    <header className={classes['head']}>
      <span className={classes['icon']} aria-hidden>{icon}</span>
      <h1 className={classes['title']}>{title}</h1>
      {state !== undefined && <div className={classes['state']}>{state}</div>}
      <div className={classes['actions']}>{actions}</div>
    </header>
  );
}

export function PageHeadSkeleton({ icon, documentTitle }: { icon: ReactNode; documentTitle: string }) {
  return <PageHead icon={icon} title={<><span className="offscreen">Loading</span><Skeleton h={14} w={180} /></>} documentTitle={documentTitle} />;
}

/** href: where it is, if not below `base`. */
export type PageTab = { id: string; title: string; count?: string; href?: string };

/** Tabs are addresses: back, forward and reload work. */
export function PageTabs({ base, tabs, active }: { base: string; tabs: PageTab[]; active: string }) {
  const [, navigate] = useLocation();
  return (
    <Tabs value={active} onChange={(tab) => tab !== null && navigate(tabs.find((each) => each.id === tab)?.href ?? (tab === tabs[0]?.id ? base : `${base}/${tab}`))} classNames={{ root: classes['tabs'] ?? '', tab: classes['tab'] ?? '', list: classes['tabList'] ?? '' }}>
      <Tabs.List>
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.id} value={tab.id} aria-controls="page-body">
            {tab.title}{tab.count !== undefined && <span className={classes['count']}>{tab.count}</span>}
          </Tabs.Tab>
        ))}
      </Tabs.List>
    </Tabs>
  );
}

/** plain: no padding, for tables that reach the edges. */
export function PageBody({ children, plain = false }: { children: ReactNode; plain?: boolean }) {
  return <div id="page-body" className={plain ? classes['plain'] : classes['body']} tabIndex={plain ? -1 : 0}>{children}</div>;
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes['section']} aria-label={title}>
      <div className={classes['sectionHead']}><h2>{title}</h2>{aside !== undefined && <span className={classes['aside']}>{aside}</span>}</div>
      {children}
    </section>
  );
}

export function Columns({ children }: { children: ReactNode }) {
  return <div className={classes['columns']}>{children}</div>;
}
