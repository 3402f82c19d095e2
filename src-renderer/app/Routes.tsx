// Which page an address shows. Addresses are the tree's node ids, so every object has a link. Pages one opens rarely are loaded
// when they are opened.
import { lazy } from 'react';
import { Route, Switch } from 'wouter';
import { ComputerPage } from '../computers/ComputerPage.tsx';
import { ComputersPage } from '../computers/ComputersPage.tsx';
import { GroupPage } from '../computers/GroupPage.tsx';
import { NewComputersPage } from '../computers/NewComputersPage.tsx';
import { HomePage } from '../home/HomePage.tsx';
import { ImagePage } from '../images/ImagePage.tsx';
import { ImagesPage } from '../images/ImagesPage.tsx';
import { TrashPage } from '../images/TrashPage.tsx';
import { ActivityPage } from '../runs/ActivityPage.tsx';
import { RunPage } from '../runs/RunPage.tsx';
import { NothingHere } from './NothingHere.tsx';

const BootPage = lazy(async () => ({ default: (await import('../boot/BootPage.tsx')).BootPage }));
const MatrixPage = lazy(async () => ({ default: (await import('../servers/MatrixPage.tsx')).MatrixPage }));
const ServerPage = lazy(async () => ({ default: (await import('../servers/ServerPage.tsx')).ServerPage }));
const ServersPage = lazy(async () => ({ default: (await import('../servers/ServersPage.tsx')).ServersPage }));
const TransfersPage = lazy(async () => ({ default: (await import('../servers/TransfersPage.tsx')).TransfersPage }));
const HandoverPage = lazy(async () => ({ default: (await import('../handovers/HandoverPage.tsx')).HandoverPage }));
const HandoversPage = lazy(async () => ({ default: (await import('../handovers/HandoversPage.tsx')).HandoversPage }));
const RulesPage = lazy(async () => ({ default: (await import('../sites/RulesPage.tsx')).RulesPage }));
const TemplatePage = lazy(async () => ({ default: (await import('../sites/TemplatePage.tsx')).TemplatePage }));
const TemplatesPage = lazy(async () => ({ default: (await import('../sites/TemplatesPage.tsx')).TemplatesPage }));
const SitesPage = lazy(async () => ({ default: (await import('../sites/SitesPage.tsx')).SitesPage }));
const FolderPage = lazy(async () => ({ default: (await import('../jobs/FolderPage.tsx')).FolderPage }));
const JobPage = lazy(async () => ({ default: (await import('../jobs/JobPage.tsx')).JobPage }));
const HelpPage = lazy(async () => ({ default: (await import('../help/HelpPage.tsx')).HelpPage }));
const SettingsPage = lazy(async () => ({ default: (await import('../settings/SettingsPage.tsx')).SettingsPage }));

export function Routes() {
  return (
    <Switch>
      <Route path="/"><HomePage /></Route>
      <Route path="/images"><ImagesPage /></Route>
      <Route path="/image/:id/:tab?">{({ id, tab }) => <ImagePage image={id} tab={tab ?? 'overview'} />}</Route>
      <Route path="/jobs"><FolderPage id={null} tab="contents" /></Route>
      <Route path="/folder/:id/:tab?">{({ id, tab }) => <FolderPage id={id} tab={tab ?? 'contents'} />}</Route>
      <Route path="/job/:id/:tab?">{({ id, tab }) => <JobPage id={id} tab={tab ?? 'tasks'} />}</Route>
      <Route path="/trash"><TrashPage /></Route>
      <Route path="/computers"><ComputersPage /></Route>
      <Route path="/computer/:id/:tab?">{({ id, tab }) => <ComputerPage id={id} tab={tab ?? 'overview'} />}</Route>
      <Route path="/group/new"><NewComputersPage /></Route>
      <Route path="/group/:id">{({ id }) => <GroupPage id={id} />}</Route>
      <Route path="/servers/:add?">{({ add }) => <ServersPage add={add === 'add'} />}</Route>
      <Route path="/server/:id/:tab?">{({ id, tab }) => <ServerPage key={id} id={id} tab={tab ?? 'overview'} />}</Route>
      <Route path="/matrix/:server?">{({ server }) => <MatrixPage key={server ?? ''} location={server ?? null} />}</Route>
      <Route path="/sites">{() => <SitesPage id={null} />}</Route>
      <Route path="/site/:id">{({ id }) => <SitesPage id={id} />}</Route>
      <Route path="/templates">{() => <TemplatesPage />}</Route>
      <Route path="/template/:id/:tab?">{({ id, tab }) => <TemplatePage key={id} id={id} tab={tab ?? 'draft'} />}</Route>
      <Route path="/rules">{() => <RulesPage />}</Route>
      <Route path="/transfers/:past?">{({ past }) => <TransfersPage past={past === 'past'} />}</Route>
      <Route path="/handovers">{() => <HandoversPage />}</Route>
      <Route path="/handover/:id">{({ id }) => <HandoverPage key={id} id={id} />}</Route>
      <Route path="/boot/:tab?">{({ tab }) => <BootPage tab={tab ?? 'serve'} />}</Route>
      <Route path="/activity/:show?/:filters?">{({ filters }) => <ActivityPage shown={filters} />}</Route>
      <Route path="/run/:id">{({ id }) => <RunPage id={id} />}</Route>
      <Route path="/help/:topic">{({ topic }) => <HelpPage topic={topic} />}</Route>
      <Route path="/settings/:tab?">{({ tab }) => <SettingsPage tab={tab ?? 'settings'} />}</Route>
      <Route><NothingHere /></Route>
    </Switch>
  );
}
