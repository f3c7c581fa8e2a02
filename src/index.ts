// H5 is writing the public exports here.
export {};
