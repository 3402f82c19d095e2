// Owns the table of all commands, in the order help shows them. A new command is one entry here.
import { agent } from './agent-hint.ts';
import { backupCreate, backupRestore, backupShow } from './backup.ts';
import { bootImage, bootMedia } from './boot-media.ts';
import { bootSettings } from './boot-settings.ts';
import { bootAdapters, bootBuild, bootPreflight, bootStatus, bootTrace, bootUse } from './boot.ts';
import type { Command, CommandGroup } from './command.ts';
import { groupCreate, groupDelete, groupList, groupMove, groupRename } from './computer-groups.ts';
import { computerDelete, computerMerge, computerMove, computerRename, computerSplit, computerUndelete } from './computers-change.ts';
import { computerHistory, computerList, computerShow } from './computers.ts';
import { doctor } from './doctor.ts';
import { imageTestDeploy } from './image-test-deploy.ts';
import { imageChannel, imageKind, imagePromote, imageReject, imageRollBack, imageValidate } from './image-channels.ts';
import { imageVerify } from './image-verify.ts';
import { imageDelete, imageDisable, imageEnable, imageNote, imageProtect, imagePurge, imageRename, imageUndelete, imageUnprotect } from './images-change.ts';
import { imageHistory, imageList, imageShow } from './images-read.ts';
import { jobCreate, jobDelete, jobDuplicate, jobEdit, jobFolderCreate, jobMove, jobPublish, jobRename, jobRestore, jobUndelete, jobUnpublish } from './jobs-change.ts';
import { jobHistory, jobList, jobShow, jobTree } from './jobs-read.ts';
import { jobCancel, jobRun, jobWatch } from './jobs-run.ts';
import { runAgain, runBundle, runCancel, runResume } from './runs-change.ts';
import { runList, runLog, runShow, runWatch } from './runs.ts';
import { serve } from './serve.ts';
import { serverRecover, serverReplace, serverRetire, serverTakeOwnership } from './server-handover.ts';
import { serverHandover, serverHandovers } from './server-handovers.ts';
import { serverConsole } from './server-console.ts';
import { serverAdd, serverAssign, serverList, serverRename, serverRevoke, serverRules, serverSet, serverShow } from './servers.ts';
import { settingsSet, settingsShow } from './settings.ts';
import { templateAdd, templateDelete, templateList, templatePublish, templateRestore, templateSet, templateShow } from './site-templates.ts';
import { siteAdd, siteDelete, siteList, siteSet, siteShow } from './sites.ts';
import { status } from './status.ts';
import { storeImport } from './store-import.ts';

export const commands: readonly Command[] = [
  serve, status,
  imageList, imageShow, imageHistory, imageVerify, imageDelete, imageUndelete, imagePurge, imageEnable, imageDisable, imageProtect, imageUnprotect, imageRename, imageNote,
  imageChannel, imagePromote, imageRollBack, imageKind, imageValidate, imageTestDeploy, imageReject,
  computerList, computerShow, computerHistory, computerRename, computerMove, computerMerge, computerSplit, computerDelete, computerUndelete,
  groupList, groupCreate, groupRename, groupMove, groupDelete,
  jobTree, jobList, jobShow, jobHistory, jobCreate, jobEdit, jobRestore, jobPublish, jobUnpublish, jobRename, jobMove, jobDuplicate, jobDelete, jobUndelete, jobFolderCreate, jobRun, jobWatch, jobCancel,
  runList, runShow, runWatch, runCancel, runAgain, runResume, runLog, runBundle,
  bootStatus, bootAdapters, bootUse, bootBuild, bootTrace, bootPreflight, bootSettings, bootImage, bootMedia,
  serverList, serverAdd, serverShow, serverRename, serverSet, serverAssign, serverRules, serverRevoke, serverConsole,
  serverTakeOwnership, serverRetire, serverReplace, serverRecover, serverHandovers, serverHandover,
  siteList, siteAdd, siteShow, siteSet, siteDelete,
  templateList, templateAdd, templateShow, templateSet, templatePublish, templateRestore, templateDelete,
  settingsShow, settingsSet,
  backupCreate, backupShow, backupRestore, storeImport,
  doctor, agent,
];

export const groups: readonly CommandGroup[] = [
  {
    path: [], summary: '',
    description: 'Platen images a room of PCs from one workstation. `platen serve` runs the server: it keeps images safe and hands them out. `platen agent` runs on the computer being imaged: it captures its disk into an image, or deploys an image to it. '
      + 'The other commands look at a running server and drive it: the one on this machine, or any with --server and --token.',
    examples: [
      'platen serve --host 0.0.0.0                                   run the server; it prints its address and token',
      "platen agent capture --disk /dev/sda --image 'Lab Win11'      make an image of a disk (on the computer it is in)",
      'platen image list                                             what there is, and whether it can be deployed',
      "platen agent deploy --disk /dev/sda --image 'Lab Win11'       write it to another disk",
      'platen run list --active                                      what is going on',
    ],
  },
  {
    path: ['image'], summary: 'images: list, show, verify, delete and take back, enable, protect, rename',
    description: 'An image is what one deploys. Each capture adds an immutable version to it; deploying takes the newest enabled version unless told otherwise. A version is verifying until every chunk was read back from disk, then ready; one with a damaged chunk is damaged and never deployed. '
      + 'Deleting goes to the trash first. IMAGE is a name or a GUID; where several images share a name, the GUID is needed (image list shows it).',
    examples: [
      'platen image list                                 all images and their state',
      "platen image show 'Lab Win11'                     versions, schema, and the smallest disk it fits on",
      "platen image verify 'Lab Win11' --version 3       read it back and prove it",
      "platen image delete 'Lab Win11' --version 1       to the trash",
      "platen image undelete 'Lab Win11' --version 1     and back",
    ],
  },
  {
    path: ['computer'], summary: 'computers Platen knows: list, show, rename, move, merge, split, delete',
    description: 'A computer is a machine Platen knows, recognised by what its firmware says: never by a network address alone. It becomes known when its agent first says hello, and is in New computers until it is moved into a group. COMPUTER is its name or id.',
    examples: ['platen computer list --online', 'platen computer show lab-12', "platen computer move lab-12 --group 'Room 12'", "platen computer merge 'lab-12 (2)' lab-12"],
  },
  { path: ['group'], summary: 'groups of computers: list, create, rename, move, delete', description: 'Groups hold computers and other groups: buildings, rooms, rows. GROUP is a name, a path (Building A/Room 12) or an id.', examples: ['platen group list', "platen group create 'Room 12' --parent 'Building A'"] },
  {
    path: ['job'], summary: 'jobs: tree, create, edit, publish to the portal, run on computers, watch, cancel',
    description: 'A job is an ordered list of tasks: capture, deploy, run a script, show a message, restart or switch off. Jobs lie in folders; running a folder runs every job below it. '
      + '(MI) anywhere in the name of a job or folder puts it into the portal, as does platen job publish. JOB and FOLDER are names, paths (Imaging/Win11 lab) or ids; where several share a name, a path or id is needed.',
    examples: [
      "platen job create 'Win11 lab (MI)' --deploy 'Lab Win11' --power restart     a job, in the portal at once",
      'platen job tree                                                             folders, jobs, and what the portal offers',
      "platen job run 'Win11 lab' --on lab-01 --watch                              run it on a computer",
      "platen job run Imaging --group 'Room 12'                                    every job of a folder, on a whole room",
      "platen job history 'Win11 lab'                                              who changed what",
    ],
  },
  { path: ['run'], summary: 'what runs on computers: list, show, watch, cancel, again, resume, log, bundle', description: 'A run is one job on one computer, task by task, or one capture or deploy by hand, with its progress, result and log.', examples: ['platen run list --active', 'platen run watch 3f2a91c0', 'platen run log 3f2a91c0'] },
  {
    path: ['boot'], summary: 'network boot: status, use, build, trace, preflight, image, media',
    description: 'Network boot brings computers with nothing on their disk to the portal. Build the boot environment once, choose an adapter and a mode, run the preflight, then switch a computer on and follow its trace.',
    examples: ['platen boot build', 'platen boot use proxy --interface eth1', 'platen boot preflight', 'platen boot trace'],
  },
  {
    path: ['server'], summary: 'package servers: list, add, show, set, assign images, take ownership, retire, replace, recover, revoke',
    description: 'A package server holds verified copies of images and hands them to the computers near it; the console is one too. What each is to hold follows from the scope of images, from site templates and from who owns an image. Nothing that is said here deletes a copy. SERVER is a name or id.',
    examples: ['platen server add PS008 --site Rome', 'platen server list', 'platen server show PS008', "platen server assign 'Lab Win11' --to PS008"],
  },
  {
    path: ['site'], summary: 'sites and their templates: list, add, show, set, delete, template',
    description: 'A site is a place: its subnets, its package servers, how fast and when is copied there. A site template names the images that a set of sites gets; its draft moves nothing until it is published.',
    examples: ['platen site add Rome --subnet 10.1.0.0/16', 'platen site template add Schools', 'platen site set Rome --template Schools'],
  },
  {
    path: ['site', 'template'], summary: 'site templates: list, add, show, set, publish, restore, delete',
    description: 'A site template names images, a limit and windows for a set of sites. Changes go into its draft; publishing tells its consequences, and every revision can be published again.',
    examples: ['platen site template add Schools', "platen site template set Schools --add 'Lab Win11'", 'platen site template publish Schools --preview', 'platen site template publish Schools'],
  },
  {
    path: ['backup'], summary: 'backups of a server: create, show, restore (also to move it to another machine)',
    description: 'A backup holds what makes a server what it is: database, keys, certificate, settings; its images too where that is wanted. Restored on another machine it is the same server: package servers, computers and boot files know it again by its certificate.',
    examples: ['platen backup create platen-monday.plb --passphrase-file /root/platen.pass', 'platen backup show platen-monday.plb', 'platen backup restore platen-monday.plb --data /srv/platen'],
  },
  { path: ['store'], summary: 'the image store: import a folder of packs', description: 'The store keeps the content of all images. A folder of another store, found on a disk or brought on one, is taken in.', examples: ['platen store import /mnt/old-disk/platen'] },
  { path: ['settings'], summary: 'the server\'s settings: show, set', description: 'Settings are kept in the data folder and take effect at once.', examples: ['platen settings show', 'platen settings set trashDays=30'] },
];
