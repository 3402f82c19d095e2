import { expect, it } from 'vitest';
import { parseArpCommand, parseProcArp, watchNeighbours } from './neighbours.ts';

it('Linux lists who answered, and not who was only asked for', () => {
  const text = [
    'IP address       HW type     Flags       HW address            Mask     Device', '10.77.0.50       0x1         0x2         52:54:00:77:00:01     *        lab0', '10.77.0.51       0x1         0x0         00:00:00:00:00:00     *        lab0',
    '10.77.0.52       0x1         0x6         52:54:00:AB:00:02     *        lab0', 'nonsense', '',
  ].join('\n');
  expect([...parseProcArp(text)]).toEqual([['10.77.0.50', '52:54:00:77:00:01'], ['10.77.0.52', '52:54:00:ab:00:02']]);
});

it('arp -a of Windows is read in any language', () => {
  const text = ['', 'Schnittstelle: 10.0.0.5 --- 0xc', '  Internetadresse       Physische Adresse     Typ', '  10.0.0.1              00-1b-21-aa-bb-cc     dynamisch ', '  10.0.0.255            ff-ff-ff-ff-ff-ff     statisch  ', '  224.0.0.22            01-00-5e-00-00-16     statisch', ''].join('\r\n');
  expect([...parseArpCommand(text)]).toEqual([['10.0.0.1', '00:1b:21:aa:bb:cc'], ['224.0.0.22', '01:00:5e:00:00:16']]);
});

it('arp -a of macOS leaves zeros out, and names who did not answer', () => {
  const text = ['? (10.0.0.1) at 0:1b:21:a:bb:c on en0 ifscope [ethernet]', 'gw.example (10.0.0.2) at 52:54:0:12:34:56 on en0 ifscope permanent [ethernet]', '? (10.0.0.9) at (incomplete) on en0 ifscope [ethernet]'].join('\n');
  expect([...parseArpCommand(text)]).toEqual([['10.0.0.1', '00:1b:21:0a:bb:0c'], ['10.0.0.2', '52:54:00:12:34:56']]);
});

it('many questions at once cost one reading of the table, and each gets its own answer', async () => {
  let readings = 0;
  const watch = watchNeighbours({
    from: '127.0.0.1', everyMs: 5,
    read: async () => {
      readings++;
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
      return new Map(readings < 3 ? [] : [['127.0.0.7', '52:54:00:00:00:07']]);
    },
  });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => watch.whoHas(`127.0.0.${index}`, 60)));
  watch.close();
  expect([answers.filter((answer) => answer !== null), answers[7], readings < 30]).toEqual([['52:54:00:00:00:07'], '52:54:00:00:00:07', true]);
});

it('a table that can\'t be read says that nobody answered', async () => {
  const watch = watchNeighbours({ from: '127.0.0.1', everyMs: 5, read: () => Promise.reject(new Error('no table')) });
  expect(await watch.whoHas('127.0.0.9', 20)).toBeNull();
  watch.close();
});
