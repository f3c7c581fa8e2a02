// H5 is writing the admin API here: index.ts, routes.ts, stream.ts, openapi.ts, body.ts, people.ts.
export {};
