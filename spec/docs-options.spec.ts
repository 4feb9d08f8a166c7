// The page of all options, and the limits of the README, held against the tables and defaults of the code.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runOptions } from '../lib/core/action/run-options.ts'
import { Backoff, backoffOptions } from '../lib/core/base/backoff.ts'
import { clientOptions, defaultPatienceMs } from '../lib/core/client/client-options.ts'
import { defaultGraceMs, drainOptions } from '../lib/core/server/drain.ts'
import { resolveServerOptions, serverOptions } from '../lib/core/server/server-options.ts'
import { defaultLimits } from '../lib/index.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

interface Row {
  readonly name: string
  readonly value: string
  readonly protects: boolean
}

/** The rows of the first table behind this text. */
function rowsBehind(page: string, text: string): Row[] {
  const start = page.indexOf(text)
  expect(start, text).to.be.above(-1)
  const [table = ''] = page.slice(page.indexOf('\n|---', start)).split('\n\n')
  return [...table.matchAll(/^\| `(\w+)` \| (.*?) \| (.*) \|$/gm)].map(([, name = '', value = '', what = '']) => ({
    name,
    value,
    protects: what.includes('**Protects**'),
  }))
}

const units: Record<string, number> = { '': 1, s: 1_000, min: 60_000, KiB: 1_024, MiB: 1_024 ** 2 }

/** `16 MiB`, `15 min`, `65 536` as numbers; anything else stays as it is. */
function numberOf(text: string): number | string {
  const [, digits, unit = ''] = /^(\d[\d ]*?)(?: (s|min|KiB|MiB))?$/.exec(text) ?? []
  return digits === undefined ? text : Number(digits.replaceAll(' ', '')) * (units[unit] as number)
}

describe('The page of all options', () => {
  const page = textOf('docs/options.md')
  const bags = [
    { label: 'Server', text: '\n## Server', table: serverOptions, source: 'core/server/server-options.ts' },
    { label: 'shutdown', text: '`server.shutdown(options)`', table: drainOptions, source: 'core/server/drain.ts' },
    { label: 'Client', text: '\n## Client', table: clientOptions, source: 'core/client/client-options.ts' },
    { label: 'backoff', text: '\n`backoff`:', table: backoffOptions, source: 'core/base/backoff.ts' },
    { label: 'runAction', text: '\n## A call', table: runOptions, source: 'core/action/run-options.ts' },
  ]

  for (const { label, text, table, source } of bags) {
    it(`has those of ${label}, and which of them protect`, () => {
      const rows = rowsBehind(page, text)
      expect(rows.map(({ name }) => name)).to.have.members(Object.keys(table))
      const protecting = Object.entries(table).filter(([, kind]) => kind === 'protects')
      expect(rows.filter(({ protects }) => protects).map(({ name }) => name)).to.have.members(
        protecting.map(([name]) => name),
      )
    })

    it(`has the defaults that the comments of ${label} have`, () => {
      const code = textOf(`lib/${source}`)
      let compared = 0
      for (const { name, value } of rowsBehind(page, text)) {
        const [, comment = ''] = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s+readonly ${name}\\?:`).exec(code) ?? []
        const [, stated] = /Default:? (false|true|\d[\d ]*\d|\d|'[^']*')/.exec(comment.replace(/\n\s*\*/g, '')) ?? []
        // A default that begins with a number may be an explanation: `60 000 without a sign of life`.
        if (stated === undefined || !/^(?:`|\d[\d ]*$)/.test(value)) continue
        compared++
        expect(value.replaceAll('`', ''), name).to.equal(stated)
      }
      if (label !== 'runAction') expect(compared).to.be.above(0)
    })
  }

  it('has the numbers that are used', () => {
    const statedFor = (text: string, name: string): number | string =>
      numberOf(rowsBehind(page, text).find((row) => row.name === name)?.value ?? '')
    expect(statedFor('\n## Server', 'retry')).to.equal(resolveServerOptions([]).retry)
    expect(statedFor('`server.shutdown(options)`', 'graceMs')).to.equal(defaultGraceMs)
    expect(statedFor('\n## Client', 'patienceMs')).to.equal(defaultPatienceMs)
    const [minMs, factor, maxMs] = ['minMs', 'factor', 'maxMs'].map((name) => Number(statedFor('\n`backoff`:', name)))
    let backoff = new Backoff({}, () => 1)
    expect(backoff.durationMs).to.equal(minMs)
    expect(backoff.next().durationMs).to.equal(minMs! * factor!)
    for (let step = 0; step < 20; step++) backoff = backoff.next()
    expect(backoff.durationMs).to.equal(maxMs)
  })

  it('is joined by the limits of the README, with their defaults', () => {
    const readme = textOf('README.md')
    const stated = new Map<string, number | string>()
    for (const [, names = '', values = ''] of readme
      .slice(readme.indexOf('\n## Limits'))
      .matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \|/gm)) {
      const each = values.trim().split(', ')
      for (const [i, [, name = '']] of [...names.matchAll(/`(\w+)`/g)].entries())
        stated.set(name, numberOf(each[i] ?? ''))
    }
    expect(Object.fromEntries(stated)).to.deep.equal(defaultLimits)
  })
})
