import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#shared/errors.ts';
import { asNetascii } from './netascii.ts';
import { decodeTftp, encodeAcknowledge, encodeData, encodeError, encodeOptions, encodeRead } from './packet.ts';
import { largestBlock } from './path.ts';
import { negotiate, Transfer, type Action } from './transfer.ts';

const limits = { maxBlockBytes: 1468, maxWindowBlocks: 64 };
const options = (...pairs: [string, string][]) => new Map(pairs);
const ack = (block: number) => decodeTftp(encodeAcknowledge(block));

describe('a TFTP packet', () => {
  it('is read as it was written', () => {
    expect([encodeRead('boot/ipxe.efi', options(['TSIZE', '0'], ['blksize', '1468'])), encodeAcknowledge(65_535), encodeData(65_537, Uint8Array.of(7)), encodeError(1, 'no'), encodeOptions(options(['tsize', '7']))].map(decodeTftp)).toEqual([
      { kind: 'read', path: 'boot/ipxe.efi', mode: 'octet', options: options(['tsize', '0'], ['blksize', '1468']) },
      { kind: 'acknowledge', block: 65_535 }, { kind: 'data', block: 1, bytes: Buffer.of(7) }, { kind: 'error', code: 1, message: 'no' }, { kind: 'optionAcknowledge', options: options(['tsize', '7']) },
    ]);
  });
  it('never crashes the reader', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
      try {
        decodeTftp(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }));
  });
});

describe('text mode', () => {
  it('has CR LF for a line\'s end and CR NUL for a CR', () => {
    expect([asNetascii(Buffer.from('a\nb\r\n\r')), asNetascii(new Uint8Array(0))].map((bytes) => Buffer.from(bytes).toString())).toEqual(['a\r\nb\r\0\r\n\r\0', '']);
  });
});

describe('the largest block', () => {
  it('is what Ethernet carries whole, also where our own adapter carries more, and where nothing is known', () => {
    expect([largestBlock('127.0.0.1'), largestBlock('192.0.2.1')]).toEqual([1468, 1468]);
  });
});

describe('what a client asks for', () => {
  it.each([
    ['nothing', [], { blockBytes: 512, windowBlocks: 1, timeoutMs: 1000, answer: [] }],
    ['the size', [['tsize', '0']], { blockBytes: 512, windowBlocks: 1, timeoutMs: 1000, answer: [['tsize', '5000']] }],
    ['blocks larger than the path carries', [['blksize', '8192']], { blockBytes: 1468, windowBlocks: 1, timeoutMs: 1000, answer: [['blksize', '1468']] }],
    ['blocks smaller than any other', [['blksize', '8']], { blockBytes: 8, windowBlocks: 1, timeoutMs: 1000, answer: [['blksize', '8']] }],
    ['a window larger than any', [['windowsize', '65535']], { blockBytes: 512, windowBlocks: 64, timeoutMs: 1000, answer: [['windowsize', '64']] }],
    ['a window and a timeout', [['windowsize', '16'], ['timeout', '3']], { blockBytes: 512, windowBlocks: 16, timeoutMs: 3000, answer: [['timeout', '3'], ['windowsize', '16']] }],
    ['what makes no sense', [['blksize', '7'], ['timeout', '0'], ['windowsize', 'x'], ['multicast', '']], { blockBytes: 512, windowBlocks: 1, timeoutMs: 1000, answer: [] }],
  ] as const)('%s', (_, asked, expected) => {
    const { answer, ...rest } = negotiate(new Map(asked), 5000, limits);
    expect({ ...rest, answer: [...answer] }).toEqual(expected);
  });
});

describe('a download', () => {
  const started = (sizeBytes: number, ...asked: [string, string][]): { transfer: Transfer; first: Action } => {
    const transfer = new Transfer(sizeBytes, negotiate(options(...asked), sizeBytes, limits));
    return { transfer, first: transfer.start(0) };
  };

  it('without options sends the first block at once, and ends after the short one', () => {
    const { transfer, first } = started(600);
    expect([first, transfer.receive(ack(1), 1), transfer.receive(ack(2), 2)]).toEqual([{ send: 'blocks', from: 1, to: 1 }, { send: 'blocks', from: 2, to: 2 }, { end: 'done', reason: '' }]);
  });
  it('of an exact number of blocks, and of nothing, ends with an empty one', () => {
    expect([started(1024).transfer.blocks, started(0).transfer.blocks]).toEqual([3, 1]);
  });
  it('ignores an acknowledgement that came twice, so that no packet goes twice for ever', () => {
    const { transfer } = started(5000);
    transfer.receive(ack(1), 1);
    expect([transfer.receive(ack(1), 2), transfer.receive(ack(0), 2), transfer.receive(ack(9), 2)]).toEqual([null, null, null]);
  });
  it('sends a window again from where a gap was told, once per gap', () => {
    const { transfer, first } = started(512 * 20, ['windowsize', '4']);
    expect([first, transfer.receive(ack(0), 1), transfer.receive(ack(2), 2)]).toEqual([{ send: 'options' }, { send: 'blocks', from: 1, to: 4 }, { send: 'blocks', from: 3, to: 6 }]);
    // The first block of this window was lost: that is told by the acknowledgement before it, after a while believed, and told no second time.
    expect([transfer.receive(ack(2), 3), transfer.tick(4), transfer.tick(8), transfer.receive(ack(2), 9), transfer.tick(15), transfer.receive(ack(6), 16)]).toEqual([
      null, null, { send: 'blocks', from: 3, to: 6 }, null, null, { send: 'blocks', from: 7, to: 10 },
    ]);
  });
  it('takes the answer to a window that came twice for no gap, so that not every window goes twice for ever', () => {
    const { transfer } = started(512 * 100, ['windowsize', '4']);
    transfer.receive(ack(0), 1);
    const sent: Action[] = [];
    for (let window = 1, now = 2; window <= 10; window++) {
      // As atftp does: an acknowledgement for the window, and one more for the blocks of the window before that came again.
      sent.push(transfer.receive(ack(window * 4), now++), transfer.receive(ack(window * 4), now), transfer.tick(now++));
    }
    expect(sent.filter((action) => action !== null)).toHaveLength(10);
  });
  it('goes on past block 65,535, whose number starts again at 0', () => {
    const { transfer } = started(512 * 70_000);
    let last: Action = null;
    for (let block = 1; block <= 66_000; block++) last = transfer.receive(ack(block & 0xffff), block);
    expect([last, transfer.acknowledgedBytes]).toEqual([{ send: 'blocks', from: 66_001, to: 66_001 }, 66_000 * 512]);
  });
  it('is sent again after silence, and given up after a while', () => {
    const { transfer } = started(5000);
    expect([transfer.tick(999), transfer.tick(1000)]).toEqual([null, { send: 'blocks', from: 1, to: 1 }]);
    let last: Action = null;
    for (let second = 2; second <= 7; second++) last = transfer.tick(second * 1000);
    expect(last).toEqual({ end: 'timed-out', reason: 'no answer to block 1 of 10' });
  });
  it('sends its options again when asked again, and when they are not answered', () => {
    const { transfer, first } = started(5000, ['tsize', '0']);
    expect([first, transfer.asked(500), transfer.tick(1499), transfer.tick(1500), transfer.receive(ack(0), 1501), transfer.asked(1502)]).toEqual([
      { send: 'options' }, { send: 'options' }, null, { send: 'options' }, { send: 'blocks', from: 1, to: 1 }, null,
    ]);
  });
  it('on a fast line is sent again by the time that answers take, not after a whole second', () => {
    const { transfer } = started(5000);
    transfer.receive(ack(1), 2);
    expect([transfer.tick(40), transfer.tick(42), transfer.tick(120), transfer.tick(122)]).toEqual([null, { send: 'blocks', from: 2, to: 2 }, null, { send: 'blocks', from: 2, to: 2 }]);
  });
  it('is done where only the acknowledgement of its end is missing, and not where nothing was ever heard', () => {
    const silent = started(600);
    const lively = started(600);
    lively.transfer.receive(ack(1), 1);
    const last = ({ transfer }: { transfer: Transfer }): Action => {
      let action: Action = null;
      for (let now = 2; now < 8000; now += 1000) action = transfer.tick(now);
      return action;
    };
    expect([last(silent), last(lively), started(600).transfer.gone('it is gone')]).toMatchObject([{ end: 'timed-out' }, { end: 'done' }, { end: 'timed-out', reason: 'it is gone' }]);
  });
  it('ends when the client says so, as firmware does once it knows the size', () => {
    const { transfer } = started(5000, ['tsize', '0']);
    expect(transfer.receive(decodeTftp(encodeError(8, 'User aborted the transfer')), 1)).toMatchObject({ end: 'aborted' });
  });
  it('arrives whole over any line that loses, repeats and swaps packets', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 1, max: 32 }), fc.infiniteStream(fc.nat(99)), (size, window, chance) => {
      const transfer = new Transfer(size, { blockBytes: 512, windowBlocks: window, timeoutMs: 1000, answer: new Map() });
      const roll = (): number => chance.next().value ?? 0;
      let now = 0;
      let expected = 1;
      let action = transfer.start(now);
      for (let step = 0; step < 5000; step++) {
        if (action !== null && 'end' in action) break;
        let answer: number | null = null;
        if (action !== null && action.send === 'blocks') {
          for (let block = action.from; block <= action.to; block++) if (roll() >= 10 && block === expected) expected++;
          answer = roll() >= 10 ? expected - 1 : null;
        }
        now += answer === null ? 1000 : 5;
        action = answer === null ? transfer.tick(now) : transfer.receive(ack(answer & 0xffff), now);
      }
      // A line that loses everything for long enough may end it: what has arrived is in order all the same.
      expect(transfer.acknowledgedBytes).toBeLessThanOrEqual((expected - 1) * 512);
    }), { numRuns: 50 });
  });
});
