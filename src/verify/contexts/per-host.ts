/** Contexts that every server of a kind serves under its own name, written after what their documents use. */

const SHARED = {
  toot: 'http://joinmastodon.org/ns#',
  schema: 'http://schema.org#',
  manuallyApprovesFollowers: 'as:manuallyApprovesFollowers',
  sensitive: 'as:sensitive',
  Hashtag: 'as:Hashtag',
  Emoji: 'toot:Emoji',
  discoverable: 'toot:discoverable',
  featured: { '@id': 'toot:featured', '@type': '@id' },
  PropertyValue: 'schema:PropertyValue',
  value: 'schema:value',
} as const;

/** Pleroma, Akkoma and their kin. */
export const LITEPUB = {
  '@context': [
    'https://www.w3.org/ns/activitystreams',
    'https://w3id.org/security/v1',
    {
      ...SHARED,
      litepub: 'http://litepub.social/ns#',
      misskey: 'https://misskey-hub.net/ns#',
      fedibird: 'http://fedibird.com/ns#',
      directMessage: 'litepub:directMessage',
      EmojiReact: 'litepub:EmojiReact',
      ChatMessage: 'litepub:ChatMessage',
      capabilities: { '@id': 'litepub:capabilities', '@type': '@id' },
      invisible: 'litepub:invisible',
      listMessage: { '@id': 'litepub:listMessage', '@type': '@id' },
      oauthRegistrationEndpoint: { '@id': 'litepub:oauthRegistrationEndpoint', '@type': '@id' },
      formerRepresentations: { '@id': 'litepub:formerRepresentations', '@container': '@list' },
      quoteUrl: 'as:quoteUrl',
      quoteUri: 'fedibird:quoteUri',
      _misskey_quote: 'misskey:_misskey_quote',
      alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id' },
      vcard: 'http://www.w3.org/2006/vcard/ns#',
    },
  ],
} as const;

/** mbin and kbin. */
export const MBIN = {
  '@context': [
    'https://www.w3.org/ns/activitystreams',
    'https://w3id.org/security/v1',
    {
      ...SHARED,
      lemmy: 'https://join-lemmy.org/ns#',
      pt: 'https://joinpeertube.org/ns#',
      sc: 'http://schema.org/',
      postingRestrictedToMods: 'lemmy:postingRestrictedToMods',
      stickied: 'lemmy:stickied',
      moderators: { '@id': 'lemmy:moderators', '@type': '@id' },
      commentsEnabled: { '@id': 'pt:commentsEnabled' },
      indexable: 'toot:indexable',
    },
  ],
} as const;
