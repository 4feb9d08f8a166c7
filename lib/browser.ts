// The public list of isock for browsers: without servers and Node.
export * from './everywhere.ts'
export { Client } from './facade/browser-client.ts'
