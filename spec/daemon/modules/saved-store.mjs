// A store in memory that is saved to a directory, which the environment names.
export { Count, Counted, Tally } from './store.mjs'

export const data = { directory: process.env['SPEC_STORE'] }
