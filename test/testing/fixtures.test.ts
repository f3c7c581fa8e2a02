/** The builders of fixtures: each kind of server's activities are understood, and have the effect that they should. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestInbox, fixtures, type TestInbox } from '../../src/testing.ts';

const NOTE = 'https://social.example/notes/1';
const ALICE = 'https://social.example/users/alice';
const PATIENCE = 120_000;
const { activity: _, ...servers } = fixtures;

let box: TestInbox;
beforeAll(async () => {
  box = await createTestInbox({ actors: { alice: {} } });
}, PATIENCE);
afterAll(() => box[Symbol.asyncDispose](), PATIENCE);

describe.each(Object.entries(servers))('S22 what %s sends', (name, server) => {
  const actor = `https://${name}.example/users/al`;
  const processed = async (sent: Parameters<TestInbox['receive']>[0]): Promise<void> => {
    expect(await box.receive(sent)).toMatchObject({ answer: { status: 202 }, status: 'processed' });
  };

  test('a Follow and its Undo come and go', async () => {
    const follow = server.follow({ actor, object: ALICE });
    await processed(follow);
    expect((await box.actors.collection('alice', 'followers')).items).toContain(actor);
    await processed(server.undo({ actor, object: follow }));
    expect((await box.actors.collection('alice', 'followers')).items).not.toContain(actor);
  });

  test('a post is made, answered to, changed and deleted', async () => {
    const create = server.create({ actor, content: '<p>One</p>', inReplyTo: NOTE, mentions: [ALICE] });
    await processed(create);
    const { id, type } = create.object as { id: string; type: string };
    expect(await box.objects.get(id)).toMatchObject({ type, owner: actor, deleted: false });
    await processed(server.update({ actor, object: create, content: '<p>Two</p>' }));
    await processed(server.like({ actor, object: id }));
    await processed(server.announce({ actor, object: id }));
    expect(await box.objects.get(id)).toMatchObject({ likes: { total: 1 }, shares: { total: 1 } });
    await processed(server.delete({ actor, object: create }));
    expect(await box.objects.get(id)).toMatchObject({ deleted: true });
  });

  test('our follow is accepted, or rejected; and a report comes with all its objects', async () => {
    box.remote(`${name}.example`).actor('al');
    await box.actors.follow('alice', actor);
    await box.settled();
    const follow = box.sent.at(-1)?.activity;
    await processed(server.accept({ actor, object: follow }));
    expect((await box.actors.collection('alice', 'following')).items).toContain(actor);
    await processed(server.reject({ actor, object: follow }));
    expect((await box.actors.collection('alice', 'following')).items).not.toContain(actor);
    await processed(server.flag({ actor, object: [ALICE, NOTE], content: 'rude' }));
    expect((await box.reports.list()).items[0]).toMatchObject({ objects: [ALICE, NOTE], content: 'rude' });
    await processed(server.block({ actor, object: ALICE }));
  });
});
