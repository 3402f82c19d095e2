// Owns the agent's help: what each command does, its options, an example to start from. Pure.
import { defaultPatienceMinutes } from './usage.ts';

const connection = `Which server (all but inventory need one):
  --server URL --token T   or PLATEN_SERVER and PLATEN_TOKEN; over https the token pins the server's certificate
  --data DIR               the server running on this machine, by its data folder (or PLATEN_DATA);
                           without any of these, the one in the default data folder
  --json                   one JSON document on stdout, progress as JSON lines on stderr

Exit codes: 0 done, 1 failed or stopped, 2 wrong usage, 3 refused before anything was written.
`;

export function helpText(topic: string): string {
  if (topic === 'capture') {
    return `platen agent capture --disk PATH --image NAME [--note TEXT]

Reads a disk into the image store. The disk is opened for reading only. Only used blocks are read of ext2/3/4, NTFS, FAT and
swap, and only what the server does not have yet is sent: capturing an unchanged disk again costs no more than reading it.

  --disk PATH         a whole disk (/dev/sda) or an image file
  --image NAME        a name nobody has makes a new image; an existing name (or GUID) gets a new version
  --note TEXT         kept with the version
  --sector-size N     of an image file made from a disk whose sectors are not 512 bytes
  --patience MINUTES  how long to wait for a server that is away (default ${defaultPatienceMinutes})

Stopped or cut off? Run the same command again: what arrived is not sent again.

  platen agent capture --disk /dev/sda --image "Lab 2" --note "after the October updates"

${connection}`;
  }
  if (topic === 'deploy') {
    return `platen agent deploy --disk PATH --image NAME [--version N [--test]] [--expect serial=S,size=BYTES]

Writes an image to a disk and ERASES WHAT IS ON IT. Everything that can be refused is refused before the first write. The
partition table is written last and read back, so that a disk whose deploy was cut off never starts from half a system.

  --disk PATH         a whole disk (/dev/sda) or an image file
  --image NAME        name or GUID
  --version N         else the newest enabled version
  --test              with --version: also one that waits to be validated, to try it (administrators only)
  --expect LIST       serial=S,size=BYTES,model=M,wwn=W: the deploy is refused unless the disk is this one
  --create-size SIZE  makes the image file when it does not exist, that large (64GB, 64GiB, bytes)
  --yes               do not ask; needed without a terminal
  --patience MINUTES  how long to wait for a server that is away (default ${defaultPatienceMinutes})

Stopped or cut off? Run the same command again: what is there already is not fetched again.

  platen agent deploy --disk /dev/sdb --image "Lab 2" --expect serial=S3Z9NB0K,size=512110190592

${connection}`;
  }
  if (topic === 'inventory') {
    return `platen agent inventory

Lists this computer's disks with partitions and file systems, and what its firmware says of itself. Asks no server.

${connection}`;
  }
  if (topic === 'portal') return portalHelp;
  if (topic === 'job') return jobHelp;
  return `platen agent: reads and writes the disks of the computer it runs on.

  capture     read a disk into an image           platen agent capture --disk /dev/sda --image "Lab 2"
  deploy      write an image to a disk            platen agent deploy --disk /dev/sdb --image "Lab 2"
  inventory   list disks and what is on them      platen agent inventory
  portal      the menu of jobs, on this computer  platen agent portal --disk /dev/sdb
  job run     one job on this computer            platen job run "Win11 lab" --here

"platen agent help capture" tells more. Disks are whole disks or plain image files.

${connection}`;
}

const sessionOptions = `  --disk PATH         a whole disk or an image file; may be given several times. This computer then has these disks and no
                      others: nothing else can be read or erased. Without it, all its disks; those that are in use or
                      that this system runs from are never erased
  --allow-power       lets tasks restart this computer and switch it off. Without it they are skipped and say so; in the
                      boot environment it is always allowed`;

const portalHelp = `platen agent portal [--disk PATH…] [--timeout SECONDS] [--menu] [--job NAME] [--once]
                    [--terminal DEVICE…]

The menu that a technician sees: choose a job, name the computer, watch it being done. The console shows this computer
meanwhile and can start jobs on it. It waits for a server that is not there yet or goes away, and goes on by itself.

${sessionOptions}
  --timeout SECONDS   how long the countdown runs before the computer starts as usual (the program ends); 0: for ever.
                      Without it, as the server's settings say
  --menu              no countdown, the menu at once
  --job NAME          no menu: picks this job or job folder, does it and ends, with the exit code of what became of it
  --once              ends after the first run, and with its exit code
  --terminal DEVICE   shows the portal there as well, such as /dev/ttyS0; may be given several times. Any of them may type
  --patience MINUTES  how long to wait for a server that is away (default: for ever; with --job ${defaultPatienceMinutes})

A run that was cut off while it erased a disk or ran a script goes on only when a person says so: on this screen, or in the
console. A capture goes on by itself.

Try it on an image file instead of a disk:
  truncate -s 64G disk.img
  platen agent portal --menu --disk disk.img

${connection}`;

const jobHelp = `platen job run JOB --here [--disk PATH…] [--yes]

Runs a job, or every job of a folder, on the computer this is typed on. It replaces what was waiting for this computer, never
a run that is under way. What will be erased is named and asked about first.

  JOB                 name of a job or of a job folder
${sessionOptions}
  --yes               do not ask before erasing; needed without a terminal
  --patience MINUTES  how long to wait for a server that goes away (default ${defaultPatienceMinutes})

  platen job run "Win11 lab" --here
  platen job run "Win11 lab" --here --disk disk.img --yes --json

${connection}`;
