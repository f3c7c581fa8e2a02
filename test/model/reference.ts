/**
 * The reference: what must be true after a story, written from the specification alone and as plainly as it can be.
 * It knows no machines, no mailboxes and no database; it reads the steps one after the other.
 */
import { type Expected, type Follow, outcomeOf } from './outcome.ts';
import {
  isDeed,
  type Mail,
  type Note,
  nameOf,
  type Ours,
  OWNER,
  type Remote,
  SERVER,
  type Story,
  type Undoable,
} from './steps.ts';

export function reference(story: Story): Expected {
  const follows = new Map<string, Follow>();
  const reactions = new Map<string, Undoable>();
  const notes = new Map<Note, { version: number; isDeleted: boolean }>();
  const takenBack = new Set<string>();
  const statuses: Expected['statuses'] = {};
  const our = new Map<string, string>();

  const alive = (from: string, to: string) =>
    [...follows.values()].find(
      (one) => one.from === from && one.to === to && (one.state === 'pending' || one.state === 'accepted'),
    );
  const isKnown = (of: Undoable): boolean => Object.hasOwn(statuses, nameOf(of));

  function receive(mail: Mail): boolean {
    switch (mail.do) {
      case 'Follow': {
        if (takenBack.has(`${mail.by} ${nameOf(mail)}`)) return true;
        const before = alive(mail.by, mail.to);
        const state = before?.state ?? (mail.to === 'alice' ? 'accepted' : 'pending');
        if (before !== undefined) before.state = 'withdrawn';
        follows.set(nameOf(mail), { from: mail.by, to: mail.to, state });
        return true;
      }
      case 'Like':
      case 'Announce':
        if (!takenBack.has(`${mail.by} ${nameOf(mail)}`) && notes.get(mail.to)?.isDeleted !== true)
          reactions.set(nameOf(mail), mail);
        return true;
      case 'Undo':
        return undo(mail.by, mail.of, mail.isEmbedded);
      case 'Create':
      case 'Update':
        return write(mail.by, mail.to, 'version' in mail ? mail.version : 0);
      case 'Delete':
        return erase(mail.by, mail.to);
      case 'Block': {
        const theirs = alive(mail.by, mail.to);
        const ours = alive(mail.to, mail.by);
        if (theirs !== undefined) theirs.state = 'withdrawn';
        if (ours !== undefined) ours.state = 'rejected';
        return true;
      }
      default:
        return answer(mail.by, mail.of, mail.do);
    }
  }

  function undo(by: Remote, of: Undoable, isEmbedded: boolean): boolean {
    // Nobody takes back what somebody else did, as far as one can know whose it is.
    if (SERVER[by] !== SERVER[of.by]) return false;
    if (by !== of.by && (isKnown(of) || isEmbedded)) return false;
    if (by !== of.by) return true;
    takenBack.add(`${by} ${nameOf(of)}`);
    reactions.delete(nameOf(of));
    // A server that forgot the id of its Follow embeds it under another one: then the two ends count.
    const follow =
      follows.get(nameOf(of)) ??
      (of.do === 'Follow' && isEmbedded && !isKnown(of) ? alive(by, of.to) : undefined);
    if (follow !== undefined) follow.state = 'withdrawn';
    return true;
  }

  function write(by: Remote, to: Note, version: number): boolean {
    if (by !== OWNER[to]) return false;
    const before = notes.get(to);
    const isDeleted = before?.isDeleted ?? takenBack.has(`${by} ${to}`);
    if (isDeleted) return gone(to);
    notes.set(to, { version: Math.max(version, before?.version ?? 0), isDeleted });
    return true;
  }

  function erase(by: Remote, to: Note): boolean {
    if (SERVER[by] !== SERVER[OWNER[to]]) return false;
    if (notes.has(to)) return by === OWNER[to] && gone(to);
    takenBack.add(`${by} ${to}`);
    return true;
  }

  function gone(to: Note): true {
    notes.set(to, { version: 0, isDeleted: true });
    for (const [name, reaction] of reactions) if (reaction.to === to) reactions.delete(name);
    return true;
  }

  function answer(by: Remote, of: Ours, verb: 'Accept' | 'Reject'): boolean {
    const follow = follows.get(our.get(nameOf(of)) ?? '');
    if (follow === undefined) return true;
    if (by !== of.to) return false;
    if (verb === 'Accept' && follow.state === 'pending') follow.state = 'accepted';
    if (verb === 'Reject' && (follow.state === 'pending' || follow.state === 'accepted'))
      follow.state = 'rejected';
    return true;
  }

  story.forEach((step, at) => {
    if (!isDeed(step)) {
      const name = nameOf(step);
      if (!Object.hasOwn(statuses, name)) statuses[name] = receive(step) ? 'processed' : 'rejected';
    } else if (step.do === 'follow') {
      if (alive(step.by, step.to) !== undefined) return;
      our.set(nameOf({ by: step.by, to: step.to }), `ours ${at}`);
      follows.set(`ours ${at}`, { from: step.by, to: step.to, state: 'pending' });
    } else {
      const follow = follows.get(nameOf({ ...step, do: 'Follow' }));
      if (follow === undefined) return;
      if (step.do === 'accept' && follow.state === 'pending') follow.state = 'accepted';
      if (step.do === 'reject' && (follow.state === 'pending' || follow.state === 'accepted'))
        follow.state = 'rejected';
    }
  });

  return outcomeOf({ follows, reactions, notes, statuses });
}
