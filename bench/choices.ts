// What a run is told to measure: --cells and --contenders, and the help that names them.
import { type Cell, sittings } from './cells.ts'
import { type Entry, entries } from './contenders.ts'
import type { Plan } from './run.ts'
import { curves } from './scale/curves.ts'

const cells = sittings.flatMap((sitting) => sitting.cells)
const groups = [...new Set(cells.map(({ group }) => group))]
const scale = 'scale'

export const help = `npm run bench -- [options]

  --cells <a,b>       groups: ${[...groups, scale].join(', ')};
                      or one of a group, such as 'small x64', '${curves.map(({ name }) => name).join("', '")}'
  --contenders <a,b>  only these; a part of a name will do. 'peers': all peers. 'scale' is of isock alone
  --rounds <n>        how often each is measured (default: 3)
  --seconds <n>       how long calls are made for one sample (default: 1)
  --json              print the results as JSON
  --from <file>       measure nothing: read what --json printed
  --markdown          write the tables into bench/README.md, and the plots into bench/results/
  --into <folder>     with --markdown: another folder, whose README.md has the markers
  --help

Examples:
  npm run bench                                                   everything, some half an hour
  npm run bench -- --json --markdown > results.json               the same, published
  npm run bench -- --cells small,fanout --contenders isock,raw,socket
  npm run bench -- --cells scale --rounds 1
  npm run bench -- --from results.json --markdown
`

export function choices(given: {
  readonly cells?: string | undefined
  readonly contenders?: string | undefined
}): Pick<Plan, 'wantsCell' | 'wantsCurve' | 'wantsContender'> {
  const names = given.cells?.split(',')
  for (const name of names ?? []) if (!isKnown(name)) throw new Error(`no cell is called ${name}`)
  const wants = (name: string, group: string): boolean =>
    names === undefined || names.includes(name) || names.includes(group)
  return {
    wantsCell: ({ name, group }: Cell) => wants(name, group),
    wantsCurve: ({ name }) => wants(name, scale),
    wantsContender: contenderChoice(given.contenders),
  }
}

function isKnown(name: string): boolean {
  return (
    name === scale || [...cells, ...curves].some((one) => one.name === name || ('group' in one && one.group === name))
  )
}

function contenderChoice(given: string | undefined): (name: string) => boolean {
  if (given === undefined) return () => true
  const chosen = new Set<string>()
  for (const part of given.split(',')) {
    const exact = entries.filter(({ name }) => name === part)
    const found = exact.length > 0 ? exact : entries.filter((entry) => isMeant(entry, part))
    if (found.length === 0) throw new Error(`no contender is called ${part}`)
    for (const { name } of found) chosen.add(name)
  }
  return (name) => chosen.has(name)
}

function isMeant({ name, kind }: Entry, part: string): boolean {
  return part === 'peers' ? kind === 'peer' : name.toLowerCase().includes(part.toLowerCase())
}
