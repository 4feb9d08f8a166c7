// npm run attacks -- [--only hoard,evict] [--from one|many] [--seconds 10] [--limits json] [--json] [--help]
// Attacks a server with default limits in every known way, from one address and from many, and holds it to its promises to
// all others. Exit code 1: a bound is broken.
import { parseArgs } from 'node:util'
import type { Limits } from '../lib/index.ts'
import type { Origin } from './attacks/attack.ts'
import { attackNamed, attacks } from './attacks/catalog.ts'
import { type TrialResult, tryAttack } from './attacks/trial.ts'
import { describeFigures, isKept } from './figures.ts'

const help = `npm run attacks -- [options]

  --only <names>     some of the attacks, with commas between
  --from <origin>    one: all from one address; many: from 500; default: both, one after the other
  --seconds <n>      how long each attack goes on (default 10)
  --limits <json>    limits of the server other than the defaults, for a machine that is too slow to reach those
  --json             results as JSON, one line each
  --help             this

attacks
${attacks.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

Each attack has a server of its own: default limits, a heap of 512 MB, an HTTP gateway. Loopback only; Linux, where all of
127.0.0.0/8 is loopback. Exit code 1: a bound is broken.`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    from: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    limits: { type: 'string', default: '{}' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) console.log(help)
else process.exitCode = (await run()) ? 0 : 1

async function run(): Promise<boolean> {
  const seconds = Number(options.seconds)
  if (!(seconds >= 1 && seconds <= 600)) throw new Error(`--seconds: expected 1 to 600, got ${options.seconds}`)
  const limits = JSON.parse(options.limits) as Partial<Limits>
  const origins = originsOf(options.from)
  const wanted = options.only === undefined ? attacks : options.only.split(',').map(attackNamed)
  const results: TrialResult[] = []
  for (const attack of wanted) {
    for (const origin of origins) {
      if (attack.origin !== undefined && attack.origin !== origin) continue
      console.error(`${attack.name} from ${origin}: ${attack.title}`)
      const say = (line: string): void => console.error(`  ${line}`)
      const result = await tryAttack(attack, { origin, seconds, limits }, say)
      results.push(result)
      if (options.json) console.log(JSON.stringify(result))
      else console.error(describeFigures(result.figures))
    }
  }
  if (!options.json) console.log(table(results))
  return results.every(({ figures }) => figures.every(isKept))
}

function originsOf(from: string | undefined): readonly Origin[] {
  if (from === undefined) return ['one', 'many']
  if (from === 'one' || from === 'many') return [from]
  throw new Error(`--from: expected one or many, got ${from}`)
}

/** One line for each trial, with the bounds that it broke. */
function table(results: readonly TrialResult[]): string {
  const lines = results.map(({ attack, origin, figures }) => {
    const broken = figures.filter((figure) => !isKept(figure))
    const verdict =
      broken.length === 0
        ? 'kept'
        : `BROKEN: ${broken.map(({ what, value }) => `${what.trim()} ${round(value)}`).join('; ')}`
    return `${attack.padEnd(12)} ${origin.padEnd(5)} ${verdict}`
  })
  return ['', ...lines, '', results.length === 0 ? 'nothing was tried' : ''].join('\n').trimEnd()
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
