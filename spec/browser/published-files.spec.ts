// The files for browsers that are published: which they are, that they are the same module, and what the documents say of them.
// scripts/pack-test.mjs looks whether they are in the package.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type BrowserBundle, mostZippedBytes, writeForBrowsers } from '../../scripts/browser-bundle.ts'
import { browserBundle } from '../setup/browser-bundle.ts'
import { longDescribe } from '../setup/long.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (name: string): string => readFileSync(join(root, name), 'utf8')

longDescribe('The published files for browsers', function () {
  // Bundling takes a busy machine a while.
  this.timeout(240_000)
  const directory = mkdtempSync(join(tmpdir(), 'isock-published-'))
  const fileOf = (name: string): Buffer => readFileSync(join(directory, name))

  let bundle: BrowserBundle

  before(async () => {
    bundle = await writeForBrowsers(directory, browserBundle())
  })
  after(() => rmSync(directory, { recursive: true }))

  it('are those that docs/web.md names', () => {
    const [, line = ''] = /To serve it yourself,([\s\S]*?)\n\n/.exec(textOf('docs/web.md')) ?? []
    const said = [...line.matchAll(/`dist\/(.*?)`/g)].map(([, name = '']) => name)
    const isSaid = (name: string): boolean =>
      said.some((each) => each === name || (each.endsWith('*') && name.startsWith(each.slice(0, -1))))
    expect(readdirSync(directory).filter((name) => !isSaid(name))).to.deep.equal([])
    const named = said.filter((each) => !each.endsWith('*'))
    expect(readdirSync(directory)).to.include.members(named)
    expect(readdirSync(directory)).to.have.length(named.length + 4)
  })

  it('are a chunk of the name that the module imports, plain and zipped, which imports nothing', () => {
    const { name, code } = bundle.chunk
    expect(fileOf('browser.js').toString()).to.contain(`import("./${name}")`)
    expect(name).to.match(/^isock-callee-\w+\.js$/)
    expect(gunzipSync(fileOf(`${name}.gz`)).toString())
      .to.equal(code)
      .and.to.equal(fileOf(name).toString())
    expect(brotliDecompressSync(fileOf(`${name}.br`)).toString()).to.equal(code)
    expect(code).to.not.match(/\bimport\b|\bfrom\s*["']|["']node:|\bBuffer\./)
    expect(code.trimEnd().split('\n').at(-1)).to.equal(`//# sourceMappingURL=${name}.map`)
    expect(JSON.parse(gunzipSync(fileOf(`${name}.map.gz`)).toString()).sources.join()).to.contain(
      'lib/core/session/ledger.ts',
    )
  })

  it('are one module, plain and zipped, that loads no other file but its map and its chunk', () => {
    const plain = fileOf('browser.js').toString()
    expect(gunzipSync(fileOf('browser.js.gz')).toString()).to.equal(plain)
    expect(brotliDecompressSync(fileOf('browser.js.br')).toString()).to.equal(plain)
    expect(plain).to.not.match(/\bimport\s*["'{*]|\bfrom\s*["']/)
    expect([...plain.matchAll(/\bimport\(/g)]).to.have.length(1)
    expect(plain.trimEnd().split('\n').at(-1)).to.equal('//# sourceMappingURL=isock-browser.js.map')
    expect(JSON.parse(gunzipSync(fileOf('isock-browser.js.map.gz')).toString()).sourcesContent).to.have.length.above(50)
  })

  it('are what the package gives to browsers', () => {
    const { exports, files } = JSON.parse(textOf('package.json')) as {
      exports: Record<string, { default: string; browser?: { default: string } }>
      files: string[]
    }
    expect(exports['./browser']?.default).to.equal('./dist/browser.js')
    expect(exports['.']?.browser?.default).to.equal('./dist/browser.js')
    expect(files).to.include('dist')
  })

  it('have the sizes that the documents say', () => {
    const [gzip, brotli] = [fileOf('browser.js.gz').length, fileOf('browser.js.br').length]
    expect(gzip).to.be.at.most(mostZippedBytes)
    for (const name of ['README.md', 'docs/web.md']) {
      const [, saidGzip, saidBrotli] = /(\d+) KB as gzip and\s(\d+) KB as\sBrotli/.exec(textOf(name)) ?? []
      expect(Number(saidGzip) * 1_000, `${name}, gzip`).to.be.within(gzip - 1_000, gzip + 1_000)
      expect(Number(saidBrotli) * 1_000, `${name}, Brotli`).to.be.within(brotli - 1_000, brotli + 1_000)
    }
  })
})
