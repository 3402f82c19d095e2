import { describe, expect, it } from 'vitest';
import { commands, groups } from './commands.ts';
import { helpFor } from './help.ts';
import { parse } from './parse.ts';

describe('help', () => {
  it('teaches what Platen is for', () => {
    expect(helpFor([], commands, groups)).toMatchInlineSnapshot(`
      "platen COMMAND [--server URL --token TOKEN] [--data DIR] [--json]

      Platen images a room of PCs from one workstation. \`platen serve\` runs the server: it keeps images
      safe and hands them out. \`platen agent\` runs on the computer being imaged: it captures its disk into
      an image, or deploys an image to it. The other commands look at a running server and drive it: the
      one on this machine, or any with --server and --token.

      Commands
        serve     run the server
        status    the running server at a glance
        image     images: list, show, verify, delete and take back, enable, protect, rename
        computer  computers Platen knows: list, show, rename, move, merge, split, delete
        group     groups of computers: list, create, rename, move, delete
        job       jobs: tree, create, edit, publish to the portal, run on computers, watch, cancel
        run       what runs on computers: list, show, watch, cancel, again, resume, log, bundle
        boot      network boot: status, use, build, trace, preflight, image, media
        server    package servers: list, add, show, set, assign images, take ownership, retire, replace, recover, revoke
        site      sites and their templates: list, add, show, set, delete, template
        settings  the server's settings: show, set
        backup    backups of a server: create, show, restore (also to move it to another machine)
        store     the image store: import a folder of packs
        doctor    find whatever does not add up in the data folder, and repair it
        agent     capture and deploy disks of this very machine (its own help: platen agent --help)

      For every command
        --server URL   the server to talk to (else PLATEN_SERVER, else the one running on the data folder)
        --token TOKEN  its token (else PLATEN_TOKEN)
        --data DIR     the data folder (else PLATEN_DATA, else the usual place)
        --json         one JSON document on standard output, progress as JSON lines on standard error
        --help         what a command does, with examples
        --version      Platen's version

      Exit codes
        0  done
        1  failed
        2  wrong usage
        3  refused before anything was written

      Examples
        platen serve --host 0.0.0.0                                   run the server; it prints its address and token
        platen agent capture --disk /dev/sda --image 'Lab Win11'      make an image of a disk (on the computer it is in)
        platen image list                                             what there is, and whether it can be deployed
        platen agent deploy --disk /dev/sda --image 'Lab Win11'       write it to another disk
        platen run list --active                                      what is going on"
    `);
  });
  it('teaches what images are', () => {
    expect(helpFor(['image'], commands, groups)).toMatchInlineSnapshot(`
      "platen image COMMAND [--server URL --token TOKEN] [--data DIR] [--json]

      An image is what one deploys. Each capture adds an immutable version to it; deploying takes the
      newest enabled version unless told otherwise. A version is verifying until every chunk was read back
      from disk, then ready; one with a damaged chunk is damaged and never deployed. Deleting goes to the
      trash first. IMAGE is a name or a GUID; where several images share a name, the GUID is needed (image
      list shows it).

      Commands
        list         all images with their newest version and its state
        show         one image: versions, copies, and the schema of a version
        history      what happened to an image, by whom and when
        verify       read every chunk back from disk and prove it (waits; exit code 1 when damaged)
        delete       put an image or a version into the trash (undelete takes it back)
        undelete     take an image or a version out of the trash
        purge        delete an image or a version for good, in the trash or not
        enable       let an image or a version be deployed again
        disable      keep an image or a version from being deployed
        protect      refuse every deletion of an image
        unprotect    allow an image to be deleted again
        rename       give an image another name
        note         set an image's description, or a version's note
        channel      set the version that a channel (test, live) names
        promote      make the version that test names the one that live names
        roll-back    let a channel name the version that it named before
        kind         say whether it is an image for many computers or a backup of one
        validate     take a version that another site captured: it may be deployed and handed out everywhere
        test-deploy  try a version that waits to be validated on one computer (asks before it erases the disk)
        reject       refuse a version that another site captured: it goes to the trash

      For every command
        --server URL   the server to talk to (else PLATEN_SERVER, else the one running on the data folder)
        --token TOKEN  its token (else PLATEN_TOKEN)
        --data DIR     the data folder (else PLATEN_DATA, else the usual place)
        --json         one JSON document on standard output, progress as JSON lines on standard error
        --help         what a command does, with examples

      Examples
        platen image list                                 all images and their state
        platen image show 'Lab Win11'                     versions, schema, and the smallest disk it fits on
        platen image verify 'Lab Win11' --version 3       read it back and prove it
        platen image delete 'Lab Win11' --version 1       to the trash
        platen image undelete 'Lab Win11' --version 1     and back"
    `);
  });
  it('teaches one command', () => {
    expect(helpFor(['image', 'delete'], commands, groups)).toMatchInlineSnapshot(`
      "platen image delete IMAGE [--version N] [--purge] [--yes]

      Puts an image, or one version of it, into the trash. It can be taken back with undelete until the
      trash lets go of it (setting trashDays). With --purge it leaves the trash at once and for good: that
      asks, and needs --yes where nobody can be asked. A protected image is refused.

      Options
        --version N  this version alone
        --purge      for good: not to the trash, and out of it
        --yes        do not ask

      For every command
        --server URL   the server to talk to (else PLATEN_SERVER, else the one running on the data folder)
        --token TOKEN  its token (else PLATEN_TOKEN)
        --data DIR     the data folder (else PLATEN_DATA, else the usual place)
        --json         one JSON document on standard output, progress as JSON lines on standard error
        --help         what a command does, with examples

      Examples
        platen image delete 'Lab Win11' --version 2
        platen image delete 'Lab Win11'
        platen image delete 'Lab Win11' --purge --yes"
    `);
  });

  it('explains every command with a summary, a description and an example that parses', () => {
    for (const command of commands) {
      expect([command.summary, command.description, command.examples[0]], command.path.join(' ')).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\.$/), expect.stringMatching(/^platen /)]);
      if (command.path[0] === 'agent') continue; // its arguments are another program's
      for (const example of command.examples) {
        const argv = [...(example.split(' | ')[0] ?? '').matchAll(/'([^']*)'|(\S+='[^']*')|(\S+)/g)].map((match) => match[1] ?? (match[2] ?? match[3] ?? '').replaceAll("'", ''));
        expect(parse(argv.slice(1), commands, groups)).toMatchObject({ kind: 'run', command: { path: command.path } });
      }
    }
  });

  it('keeps lines within a usual terminal', () => {
    const texts = [[], ...groups.map((group) => group.path), ...commands.map((command) => command.path)].map((path) => helpFor(path, commands, groups));
    expect(texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 132)).toEqual([]);
  });
});
