// The public list of isock/threads.
export { type ThreadOptions, threads } from './features/threads/threads.ts'
