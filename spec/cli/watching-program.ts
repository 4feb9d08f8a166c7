// A program that runs what `isock serve --watch` does, with the command line that is given to it: main.ts, a module, options. Prints
// how many listeners of signals are left when that has ended.
import { serveWatched } from '../../lib/cli/serve-watched.ts'

const [main = '', module = '', ...options] = process.argv.slice(2)
process.argv.splice(1, process.argv.length - 1, main, 'serve', module, ...options)
await serveWatched([module], 1_000, undefined)
console.log(`listeners of signals: ${process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')}`)
