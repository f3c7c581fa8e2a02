/** Reports that help nobody: without a word, or in the name of a whole server. */
import { type BuiltIn, verdictOf } from './built-in.ts';

const SERVERS = ['Application', 'Service'];

export const reports: BuiltIn<'reports'> = {
  effect: 'finds reports that say nothing, or not who reports',
  make: (settings) => {
    return ({ type, actor: { uri } }, { text, actor }) => {
      if (type !== 'Flag') return undefined;
      if (settings.empty && text === '') return verdictOf(settings, 'the report says nothing', 'no comment');
      const isServer = SERVERS.includes(actor?.type ?? '') || /\/(?:actor|instance[._-]actor)\/?$/.test(uri);
      return settings.anonymous && isServer
        ? verdictOf(settings, 'the report is in the name of a server', uri)
        : undefined;
    };
  },
};
