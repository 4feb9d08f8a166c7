// The benchmark is compiled to a folder of its own, where the package's own name leads nowhere.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { importsOf, parse } from '../setup/imports.ts'

const bench = fileURLToPath(new URL('../../bench', import.meta.url))

describe('the benchmark', () => {
  it('imports the library by its files', () => {
    const files = readdirSync(bench, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !/^(node_modules|dist)\b/.test(name),
    )
    expect(files).to.have.length.above(20)
    const byName = files.flatMap((name) =>
      importsOf(parse(name, readFileSync(join(bench, name), 'utf8')))
        .filter(({ specifier }) => /^isock(\/|$)/.test(specifier))
        .map(({ specifier, line }) => `${name}:${line} ${specifier}`),
    )
    expect(byName).to.deep.equal([])
  })
})
