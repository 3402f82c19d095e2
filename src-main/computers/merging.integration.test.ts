import { beforeEach, describe, expect, it } from 'vitest';
import { actor, mac, refused, TestComputers } from './test-computers.ts';

let lab: TestComputers;
beforeEach(() => {
  lab = new TestComputers();
});
const old = { systemSerial: '7XK2M33', systemUuid: '4c4c4544-0058-4b10-8032-b7c04f4d3333', boardSerial: 'CN12963', macs: [mac('00:1b:21:aa:bb:cc')], hostname: 'LAB-1' };
/** The same machine with another board. */
const repaired = { ...old, systemUuid: '4c4c4544-0011-4b10-8032-b7c04f4d3333', boardSerial: 'CN99999', macs: [mac('00:1b:21:ff:ff:01')] };

describe('merging two records', () => {
  it('makes one computer of them: evidence, runs and history together', () => {
    const into = lab.make('LAB-1', 'AAA111');
    const from = lab.make('LAB-2', 'BBB222');
    const runs = [lab.run(into, 'succeeded'), lab.run(from, 'succeeded'), lab.run(from, 'waiting')].toSorted();
    lab.computers.merge({ into: 'LAB-1', from: 'LAB-2' }, actor);
    const merged = lab.computers.get(into);
    expect([lab.names(), lab.runs.idsOf(into).toSorted(), merged.evidence.map((each) => each.value), merged.merged.map((each) => each.name), lab.computers.get(from).id]).toEqual([['LAB-1'], runs, ['aaa111', 'bbb222'], ['LAB-2'], into]);
    expect(lab.computers.history(into).map((event) => event.message)).toEqual(['Merged into "LAB-1"', '"LAB-2" was merged into this computer', 'Computer "LAB-2" was seen for the first time', 'Computer "LAB-1" was seen for the first time']);
  });
  it('lets either machine be recognised as the one, with the tokens of both', () => {
    const into = lab.make('LAB-1', 'AAA111');
    const from = lab.make('LAB-2', 'BBB222');
    lab.computers.merge({ into, from }, actor);
    expect([lab.hello({ systemSerial: 'BBB222' }).id, lab.hello({ systemSerial: 'AAA111' }).id, lab.hello({ systemSerial: 'BBB222' }, from).id, lab.hello({ systemSerial: 'BBB222' }, into).id]).toEqual([into, into, into, into]);
    expect(() => lab.hello({ systemSerial: 'CCC333' }, from)).toThrow(refused('forbidden'));
  });
  it('counts who is connected for the one', () => {
    const into = lab.make('LAB-1', 'AAA111');
    const from = lab.make('LAB-2', 'BBB222');
    lab.computers.connected(from);
    const { undo } = lab.computers.merge({ into, from }, actor);
    expect([lab.computers.isOnline(into), lab.names({ online: true })]).toEqual([true, ['LAB-1']]);
    lab.back({ undo });
    expect([lab.computers.isOnline(into), lab.computers.isOnline(from)]).toEqual([false, true]);
    lab.computers.disconnected(from);
    expect(lab.names({ online: true })).toEqual([]);
  });
  it('is refused while both are connected, which two records of one machine cannot be', () => {
    const into = lab.make('LAB-1', 'AAA111');
    const from = lab.make('LAB-2', 'BBB222');
    for (const id of [into, from]) lab.computers.connected(id);
    expect(() => lab.computers.merge({ into, from }, actor)).toThrow(refused('conflict'));
    lab.computers.disconnected(into);
    lab.computers.merge({ into, from }, actor);
    expect(lab.names({})).toEqual(['LAB-1']);
  });
  it('is refused with itself, from the trash, and while a run is under way on the one that goes', () => {
    const [into, from] = [lab.make('LAB-1'), lab.make('LAB-2')];
    expect(() => lab.computers.merge({ into, from: into }, actor)).toThrow(refused('invalid-input'));
    const run = lab.run(from, 'running');
    expect(() => lab.computers.merge({ into, from }, actor)).toThrow(refused('conflict'));
    lab.db.run("UPDATE run SET state = 'succeeded' WHERE id = :run", { run });
    lab.computers.trash([from], actor);
    expect(() => lab.computers.merge({ into, from }, actor)).toThrow(refused('conflict'));
  });
});

describe('splitting', () => {
  /** Two records with a past of their own. */
  function two(): { into: string; from: string; before: unknown } {
    const [into, from] = [lab.make('LAB-1', 'AAA111'), lab.make('LAB-2', 'BBB222')];
    const group = lab.computers.createGroup({ parent: null, name: 'Room 12' }, actor).id;
    lab.computers.move({ computers: [from], group }, actor);
    lab.computers.rename(from, 'ROOM12-02', actor);
    lab.run(into, 'succeeded');
    lab.run(from, 'succeeded');
    lab.run(from, 'waiting');
    return { into, from, before: [lab.record(into), lab.record(from)] };
  }
  it('gives the record back exactly as it was, and undo of the merge does the same', () => {
    const { into, from, before } = two();
    const merged = lab.computers.merge({ into, from }, actor);
    const split = lab.computers.split(from, actor);
    expect([lab.record(into), lab.record(from)]).toEqual(before);
    lab.back(split);
    expect([lab.names(), lab.computers.get(into).merged.length]).toEqual([['LAB-1'], 1]);
    lab.back(merged);
    expect([lab.record(into), lab.record(from)]).toEqual(before);
  });
  it('keeps each machine\'s evidence though both said hello meanwhile', () => {
    const { into, from, before } = two();
    lab.computers.merge({ into, from }, actor);
    lab.hello({ systemSerial: 'BBB222' });
    lab.hello({ systemSerial: 'AAA111' });
    lab.computers.split(from, actor);
    const evidence = (record: unknown): unknown => (record as { evidence: unknown }).evidence;
    expect([lab.record(into), lab.record(from)].map(evidence)).toEqual((before as unknown[]).map(evidence));
    expect([lab.hello({ systemSerial: 'BBB222' }).id, lab.hello({ systemSerial: 'AAA111' }).id]).toEqual([from, into]);
  });
  it('works through several merges, whichever is taken out first', () => {
    const [a, b, c] = [lab.make('A', 'AAA111'), lab.make('B', 'BBB222'), lab.make('C', 'CCC333')];
    const runs = [a, b, c].map((id) => [lab.run(id, 'succeeded')]);
    lab.computers.merge({ into: b, from: a }, actor);
    lab.computers.merge({ into: c, from: b }, actor);
    expect([lab.names(), lab.computers.get(a).id, lab.runs.idsOf(c).length]).toEqual([['C'], c, 3]);
    lab.computers.split(a, actor);
    lab.computers.split(b, actor);
    expect([lab.names(), [a, b, c].map((id) => lab.runs.idsOf(id))]).toEqual([['A', 'B', 'C'], runs]);
  });
  it('is refused where the name is taken meanwhile, a run is under way, or nothing was merged', () => {
    const { into, from } = two();
    expect(() => lab.computers.split(from, actor)).toThrow(refused('conflict'));
    lab.computers.merge({ into, from }, actor);
    const other = lab.make('room12-02', 'CCC333');
    expect(() => lab.computers.split(from, actor)).toThrow(refused('conflict'));
    lab.computers.rename(other, 'ROOM12-03', actor);
    lab.run(into, 'running');
    expect(() => lab.computers.split(from, actor)).toThrow(refused('conflict'));
  });
});

describe('a machine that could be several', () => {
  it('gets a record of its own and asks; the same one at every hello until it is answered', () => {
    const known = lab.hello(old);
    const seen = lab.hello(repaired);
    expect(seen).toMatchObject({ isNew: true, name: 'LAB-1 (2)', candidates: [{ id: known.id, name: 'LAB-1', model: 'Dell Inc. OptiPlex 7010', serial: '7XK2M33' }] });
    for (const again of [lab.hello(repaired), lab.hello(repaired, seen.id)]) expect(again).toMatchObject({ id: seen.id, isNew: false, candidates: [{ id: known.id }] });
    lab.restart();
    expect(lab.hello(repaired)).toMatchObject({ id: seen.id, candidates: [{ id: known.id }] });
    expect(lab.computers.get(seen.id).similar).toEqual([{ id: known.id, name: 'LAB-1', score: -30, lastSeenAt: expect.any(Number) as number }]);
  });
  it('is the one the person says, which keeps its name, and is recognised from then on', () => {
    const known = lab.hello(old);
    lab.computers.rename(known.id, 'ROOM12-01', actor);
    const seen = lab.hello(repaired);
    expect(lab.computers.identify(seen.id, known.id, 'computer LAB-1')).toMatchObject({ id: known.id, name: 'ROOM12-01', named: true });
    expect([lab.names(), lab.hello(repaired), lab.hello(repaired, seen.id), lab.hello(old)].map((each) => (Array.isArray(each) ? each : [each.id, each.candidates.length]))).toEqual([['ROOM12-01'], [known.id, 0], [known.id, 0], [known.id, 0]]);
    expect(lab.computers.get(known.id).identity.boardSerial).toBe('CN12963');
    expect(lab.computers.identify(seen.id, known.id, actor)).toMatchObject({ id: known.id });
  });
  it('is a new one when the person says so, and is never asked again', () => {
    const known = lab.hello(old);
    const seen = lab.hello(repaired);
    expect(lab.computers.identify(seen.id, null, actor)).toMatchObject({ id: seen.id, name: 'LAB-1 (2)', named: false });
    expect([lab.hello(repaired), lab.hello(old)].map((each) => [each.id, each.candidates.length])).toEqual([[seen.id, 0], [known.id, 0]]);
  });
  it('can\'t be said to be any other computer', () => {
    lab.hello(old);
    const stranger = lab.make('SERVER', 'ZZZ999');
    const seen = lab.hello(repaired);
    expect(() => lab.computers.identify(seen.id, stranger, actor)).toThrow(refused('forbidden'));
    expect(() => lab.computers.identify(stranger, seen.id, actor)).toThrow(refused('conflict'));
  });
  it('piles up no records where twins are asked about at every start', () => {
    const twin = { assetTag: 'ROOM-204' };
    const first = lab.hello(twin).id;
    lab.db.run("INSERT INTO computer (id, name, name_key, first_seen_at, last_seen_at, address) VALUES ('11111111-1111-4111-8111-111111111111', 'twin', 'twin', 1, 1, '')");
    lab.db.run("INSERT INTO computer_evidence (computer_id, kind, value) VALUES ('11111111-1111-4111-8111-111111111111', 'asset-tag', 'room-204')");
    for (let start = 0; start < 4; start++) {
      const seen = lab.hello(twin);
      expect(seen.candidates.map((each) => each.id).toSorted()).toEqual(['11111111-1111-4111-8111-111111111111', first].toSorted());
      lab.computers.identify(seen.id, first, actor);
    }
    expect(lab.db.get('SELECT count(*) AS count FROM computer')).toEqual({ count: 2 });
  });
  it('says in its evidence what others share', () => {
    const dock = mac('00:50:b6:11:22:33');
    lab.hello({ systemSerial: 'AAA111', macs: [mac('00:1b:21:aa:bb:cc'), dock] });
    const id = lab.hello({ systemSerial: 'BBB222', macs: [mac('00:1b:21:aa:bb:dd'), dock] }).id;
    expect(lab.computers.get(id).evidence).toEqual([
      { kind: 'system-serial', value: 'bbb222', weight: 45, shared: false }, { kind: 'mac', value: '00:1b:21:aa:bb:dd', weight: 10, shared: false }, { kind: 'mac', value: '00:50:b6:11:22:33', weight: 10, shared: true },
    ]);
    expect(lab.hello({ macs: [dock] }).isNew).toBe(true);
  });
});

it('a hello that brings nothing new writes no evidence or hardware again', () => {
  const id = lab.hello(old).id;
  const before = lab.db.get<{ changes: number }>('SELECT total_changes() AS changes');
  lab.hello(old);
  const after = lab.db.get<{ changes: number }>('SELECT total_changes() AS changes');
  expect([(after?.changes ?? 0) - (before?.changes ?? 0) <= 2, lab.computers.get(id).name]).toEqual([true, 'LAB-1']);
});
