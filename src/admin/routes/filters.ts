/** The filters: what is registered, what there is, and what they would make of a document. */
import { type Route, route } from '../route.ts';

export const filters: readonly Route[] = [
  route('GET', '/filters', {
    about: 'The registered filters in the order in which they are asked, and how they do in this process',
    answer: 'Filter[]',
    call: async ({ inbox }) => ({ items: await inbox.filters.list(), next: null }),
  }),
  route('GET', '/filters/built-in', {
    about: 'The filters that come with the package, and their options as JSON Schema',
    answer: 'BuiltInFilter[]',
    call: async ({ inbox }) => ({ items: await inbox.filters.builtIn(), next: null }),
  }),
  route('POST', '/filters/try', {
    about: 'What filters would make of a document: nothing is stored, and nothing counts',
    body: {
      document: { kind: 'object', required: true, about: 'an activity, as it is sent to an inbox' },
      filters: {
        kind: 'objects',
        itemsMax: 100,
        about: 'built-in filters as in the configuration; those that are registered when absent',
      },
    },
    answer: 'FilterTrial',
    call: ({ inbox, body: { document, filters: list } }) =>
      inbox.filters.try(document, list === undefined ? {} : { filters: list }),
  }),
];
