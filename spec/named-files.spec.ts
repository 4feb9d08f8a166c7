// Each file that a comment in lib/ or a page about the code names is there: moves and renames must not leave dead pointers.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'PROTOCOL.md', 'bench/README.md', 'load/README.md']
/** Forbidden names, and files of packages. */
const others = ['utils.ts', 'node_modules/tsx/dist/cli.mjs']
/** Ends of paths of TypeScript, not in an example's quotes. */
const named = /(?<![\w'">./-])((?:[\w.-]+\/)*[\w-]+(?:\.spec)?\.(?:ts|mjs))\b(?!['"])/g

/** The names in `text` that no file has as the end of its path. */
function unknownIn(text: string, files: readonly string[]): string[] {
  const names = [...text.matchAll(named)].map(([, name = '']) => name)
  return names.filter((name) => !others.includes(name) && !files.some((file) => `/${file}`.endsWith(`/${name}`)))
}

function commentsOf(source: string): string {
  return source
    .split('\n')
    .filter((line) => /^\s*(\/\/|\/?\*)/.test(line) || /\s\/\/ /.test(line))
    .map((line) => line.replace(/^.*?(\/\/|\*)/, ''))
    .join('\n')
}

function filesOf(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => !file.includes('node_modules') && !file.startsWith('dist'))
      .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
  )
}

describe('the files that comments and pages name', () => {
  const files = filesOf(['lib', 'spec', 'scripts', 'bench', 'load', 'examples', 'shared-actions'])

  it('are there', () => {
    const sources = files.filter((file) => /^lib\/.*\.ts$/.test(file))
    const wrong = [
      ...sources.flatMap((file) => unknownIn(commentsOf(read(file)), files).map((name) => `${file}: ${name}`)),
      ...pages.flatMap((page) => unknownIn(read(page), files).map((name) => `${page}: ${name}`)),
    ]
    expect(sources.length).to.be.above(300)
    expect(wrong).to.deep.equal([])
  })

  it('would be missed', () => {
    expect(
      unknownIn('see link/link.ts and `session/lost.ts`, or lost.spec.ts', ['lib/core/link/link.ts']),
    ).to.deep.equal(['session/lost.ts', 'lost.spec.ts'])
    expect(unknownIn('load \'./actions.ts\' or "app.ts"', [])).to.deep.equal([])
  })
})

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
