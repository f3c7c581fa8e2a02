/** Alerts the moderators when somebody reports something of ours. The report itself is kept without any of this. */
import type { Inbox } from '../../src/index.ts';
import type { Mailer } from './notify-by-mail.ts';

export function alertModerators(inbox: Inbox, mailer: Mailer, moderators: string): void {
  inbox.on('Flag', async (flag, { log }) => {
    const known: string[] = [];
    for (const { uri } of flag.objects) {
      const { owner } = await inbox.objects.get(uri).catch(() => ({ owner: null }));
      if (owner !== null) known.push(uri);
      else log.warn('a report is about an object that nobody knows here', { flag: flag.id, object: uri });
    }
    await mailer.send({
      to: moderators,
      subject: `Reported by ${flag.actor.domain}: ${known.length} of ${flag.objects.length} known`,
      text: `${flag.content ?? 'No reason given.'}\n\n${flag.objects.map(({ uri }) => uri).join('\n')}`,
    });
  });
}
