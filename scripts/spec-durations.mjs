// Where the time of a run of the specs goes. Appends a line of JSON to a file for each spec, for each hook, and for each process of
// mocha what it took to load its files: the time by the clock, and processor time here and in the child processes that ended
// meanwhile (Linux only), which says more on a machine that does other things too.
import { appendFileSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const msPerTick = 10

/** Follows a runner of mocha, for as long as it runs. */
export function writeDurations(runner, path) {
  let since = { atMs: performance.now() - process.uptime() * 1_000, cpuMs: 0, childrenMs: 0 }
  const write = (kind, file, title) => {
    const now = { atMs: performance.now(), cpuMs: cpuMs(), childrenMs: childrenMs() }
    const took = Object.keys(now).map((key) => Math.round((now[key] - since[key]) * 10) / 10)
    since = now
    const [ms, ownMs, childMs] = took
    const place = file === undefined ? '' : relative(process.cwd(), file).replaceAll('\\', '/')
    const ofTitle = title === undefined ? {} : { title }
    appendFileSync(
      path,
      `${JSON.stringify({ kind, file: place, ...ofTitle, ms, cpuMs: ownMs, childrenMs: childMs })}\n`,
    )
  }
  runner.once('start', () => write('load'))
  // What lies between two specs is their hooks'.
  runner.on('test', (spec) => write('between', spec.file))
  runner.on('test end', (spec) => write('spec', spec.file, spec.fullTitle()))
  runner.on('hook', (hook) => write('between', hook.file))
  runner.on('hook end', (hook) => write('hook', hook.file, `${hook.parent?.fullTitle() ?? ''} ${hook.title}`.trim()))
  runner.once('end', () => write('between'))
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** Of child processes that have ended and been waited for. */
function childrenMs() {
  try {
    // The name, in parentheses, may hold blanks; see proc(5) for the fields after it.
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    const [user, system] = fields.slice(13, 15)
    return (Number(user) + Number(system)) * msPerTick
  } catch {
    return 0
  }
}
