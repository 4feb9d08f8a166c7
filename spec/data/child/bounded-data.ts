// A module that exports its store, and what holds for it, for `isock data`.
export { Paper } from '../paper.ts'
export const data = { url: process.env['SPEC_DATA_URL'], maxRows: 1, directory: undefined }
