// H5 is writing the command here: main.ts, start.ts, configuration.ts, client.ts, and one file per verb.
export {};
