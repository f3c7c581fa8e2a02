// H7 is writing this file.
export {};
