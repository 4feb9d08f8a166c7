// Which tsx a process runs under, as its arguments tell.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { typeScriptLoader } from '../../lib/features/threads/typescript-loader.ts'

describe('The loader of TypeScript', () => {
  const path = join(process.cwd(), 'node_modules/tsx/dist/loader.mjs')
  const { href } = pathToFileURL(path)

  it('is found in the arguments of Node, as a name, a path or a URL', () => {
    for (const args of [
      ['--import', 'tsx'],
      ['--import=tsx'],
      ['--require', '/x/tsx/dist/preflight.cjs', '--import', href],
      ['--import', path],
      [`--loader=${href}`],
      ['--import', './other.mjs', '--import', 'tsx'],
    ])
      expect(typeScriptLoader(args), args.join(' ')).to.equal(href)
  })

  it('is not there where another one is, or none', () => {
    for (const args of [
      [],
      [''],
      ['--import'],
      ['--import', './not-tsx.mjs'],
      ['--import', 'tsx-like'],
      ['--eval', 'tsx'],
      ['--require', '/x/tsx/dist/preflight.cjs'],
    ])
      expect(typeScriptLoader(args), args.join(' ')).to.equal(undefined)
  })

  it('is that of this process', () => {
    expect(typeScriptLoader()).to.equal(href)
  })
})
