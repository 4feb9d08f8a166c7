// The rules that lib/ keeps: imports go down the layers only and never in a circle, and how a file may look.
// Every rule is first shown a small tree that breaks it, so that none can pass by checking nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { findViolations, layers } from './setup/architecture.ts'

const lib = fileURLToPath(new URL('../lib', import.meta.url))

describe('the architecture of lib/', () => {
  it('keeps every rule', () => {
    const files = sourcesUnder(lib)
    expect(files.has('core/base/errors.ts'), 'lib/core/base/errors.ts was read').to.equal(true)
    expect(findViolations(files).map(({ rule, file, message }) => `${rule}: lib/${file}: ${message}`)).to.deep.equal([])
  })
})

describe('the check of the architecture', () => {
  it('accepts imports that go down, inside a room, from a public list, and to packages', () => {
    const tree = {
      'core/base/errors.ts': 'export class E {}',
      'core/wire/frames/frame.ts': "import { E } from '../../base/errors.ts'\nexport const f = E",
      'core/wire/frames/decoder.ts': "import type { f } from './frame.ts'\nimport { encode } from '@msgpack/msgpack'",
      'core/link/tcp.ts': "import { Socket } from 'node:net'",
      'core/server/server.ts': "import '../wire/frames/frame.ts'",
      'gateways/igor/http.ts': "import '../shared.ts'\nimport '../../core/server/server.ts'",
      'gateways/shared.ts': '',
      'index.ts': "export * from './core/server/server.ts'",
      'gateway.ts': "export * from './gateways/igor/http.ts'",
      'testing/harness.ts': "import { Server } from '../index.ts'",
      'cli/main.ts': "import '../index.ts'\nimport '../gateways/shared.ts'",
    }
    expect(rulesBrokenBy(tree)).to.deep.equal([])
  })

  it('accepts node: modules that a browser room loads when it needs them', () => {
    expect(rulesBrokenBy({ 'core/client/client.ts': "export const open = () => import('node:net')" })).to.deep.equal([])
  })

  describe('refuses an import upward', () => {
    const upward = {
      'by a value': "import { run } from '../action/run.ts'",
      'by a side effect': "import '../action/run.ts'",
      'by a type': "import type { Run } from '../action/run.ts'",
      'by an inline type': "import { type Run } from '../action/run.ts'",
      'by an import type': "export type R = import('../action/run.ts').Run",
      'by a re-export': "export { run } from '../action/run.ts'",
      'by a re-export of all': "export * from '../action/run.ts'",
      'by a type re-export': "export type * from '../action/run.ts'",
      'by a dynamic import': "export const f = async () => (await import('../action/run.ts')).run",
      'by a dynamic import with a template literal': 'export const f = () => import(`../action/run.ts`)',
    }
    for (const [how, source] of Object.entries(upward)) {
      it(how, () => {
        expect(rulesBrokenBy({ 'core/action/run.ts': '', 'core/wire/frame.ts': source })).to.deep.equal(['upward'])
      })
    }

    it('from each layer to the next', () => {
      for (const [index, rooms] of layers.slice(0, -1).entries()) {
        const [from, to] = [rooms[0], layers[index + 1]?.[0]]
        const tree = { [`${to}/b.ts`]: '', [`${from}/a.ts`]: `import '${wayTo(String(to), String(from))}/b.ts'` }
        expect(rulesBrokenBy(tree), `${from} to ${to}`).to.deep.equal(['upward'])
      }
    })

    it('from a public list to cli/', () => {
      expect(rulesBrokenBy({ 'cli/main.ts': '', 'index.ts': "export * from './cli/main.ts'" })).to.deep.equal([
        'upward',
      ])
    })

    it('but not where the words stand in a comment or a string', () => {
      const source = "/** import '../action/run.ts' */\nexport const text = \"import '../action/run.ts'\""
      expect(rulesBrokenBy({ 'core/action/run.ts': '', 'core/wire/frame.ts': source })).to.deep.equal([])
    })
  })

  it('refuses an import sideways, both ways, in every layer of several rooms', () => {
    for (const rooms of layers) {
      for (const from of rooms) {
        for (const to of rooms.filter((room) => room !== from)) {
          const tree = { [`${to}/b.ts`]: '', [`${from}/a.ts`]: `import type { B } from '${wayTo(to, from)}/b.ts'` }
          expect(rulesBrokenBy(tree), `${from} to ${to}`).to.deep.equal(['sideways'])
        }
      }
    }
  })

  it('refuses a room without a layer', () => {
    expect(rulesBrokenBy({ 'misc/thing.ts': '' })).to.deep.equal(['unknown-room'])
  })

  it('refuses an import of a public list, but for cli/ and testing/ of index.ts, and of what the lists share', () => {
    const list = { 'index.ts': '', 'browser.ts': '', 'everywhere.ts': '' }
    expect(rulesBrokenBy({ ...list, 'index.ts': "export * from './everywhere.ts'" })).to.deep.equal([])
    expect(rulesBrokenBy({ ...list, 'cli/main.ts': "import '../everywhere.ts'" })).to.deep.equal(['public-list'])
    expect(rulesBrokenBy({ ...list, 'core/server/server.ts': "import '../../index.ts'" })).to.deep.equal([
      'public-list',
    ])
    expect(rulesBrokenBy({ 'index.ts': '', 'browser.ts': "export * from './index.ts'" })).to.deep.equal(['public-list'])
    expect(rulesBrokenBy({ ...list, 'testing/harness.ts': "import '../browser.ts'" })).to.deep.equal(['public-list'])
  })

  it('refuses an import of the package by its own name, and of files outside lib/', () => {
    expect(rulesBrokenBy({ 'cli/main.ts': "import 'isock'" })).to.deep.equal(['outside'])
    expect(rulesBrokenBy({ 'cli/main.ts': "import 'isock/testing'" })).to.deep.equal(['outside'])
    expect(rulesBrokenBy({ 'cli/main.ts': "import '../../spec/setup/skip.ts'" })).to.deep.equal(['outside'])
    expect(rulesBrokenBy({ 'cli/main.ts': "import './gone.ts'" })).to.deep.equal(['outside'])
  })

  describe('refuses a circle', () => {
    it('of two files, and names the way round', () => {
      const tree = { 'core/base/a.ts': "import './b.ts'", 'core/base/b.ts': "import './a.ts'" }
      expect(violationsOf(tree)).to.deep.equal([
        { rule: 'cycle', file: 'core/base/a.ts', message: 'core/base/a.ts -> core/base/b.ts -> core/base/a.ts' },
      ])
    })

    it('of types only', () => {
      const tree = {
        'core/base/a.ts': "import type { B } from './b.ts'",
        'core/base/b.ts': "import type { A } from './a.ts'",
      }
      expect(rulesBrokenBy(tree)).to.deep.equal(['cycle'])
    })

    it('of three files that a fourth leads to', () => {
      const tree = {
        'core/base/start.ts': "import './a.ts'",
        'core/base/a.ts': "import './b.ts'",
        'core/base/b.ts': "import './c.ts'",
        'core/base/c.ts': "import './a.ts'",
      }
      expect(violationsOf(tree).map(({ message }) => message)).to.deep.equal([
        'core/base/a.ts -> core/base/b.ts -> core/base/c.ts -> core/base/a.ts',
      ])
    })

    it('of a file with itself', () => {
      expect(rulesBrokenBy({ 'core/base/a.ts': "import './a.ts'" })).to.deep.equal(['cycle'])
    })

    it('through a public list', () => {
      const tree = { 'index.ts': "export * from './testing/a.ts'", 'testing/a.ts': "import '../index.ts'" }
      expect(rulesBrokenBy(tree)).to.deep.equal(['cycle'])
    })

    it('but not a diamond', () => {
      const tree = {
        'core/base/top.ts': "import './left.ts'\nimport './right.ts'",
        'core/base/left.ts': "import './end.ts'",
        'core/base/right.ts': "import './end.ts'",
        'core/base/end.ts': '',
      }
      expect(rulesBrokenBy(tree)).to.deep.equal([])
    })
  })

  it('refuses a static import of a Node module in the rooms that browsers load', () => {
    for (const room of [
      'core/base',
      'core/wire/frames',
      'core/session',
      'core/action',
      'core/client',
      'features/tasks',
    ]) {
      const breaks = (source: string) => rulesBrokenBy({ [`${room}/a.ts`]: source })
      expect(breaks("import { Socket } from 'node:net'"), room).to.deep.equal(['node-import'])
      expect(breaks("import type { Socket } from 'net'"), room).to.deep.equal(['node-import'])
      expect(breaks("export { Socket } from 'node:net'"), room).to.deep.equal(['node-import'])
    }
  })

  it('refuses a default export in every form', () => {
    const forms = [
      'export default 1',
      'export default class A {}',
      'export default function a() {}',
      'const a = 1\nexport { a as default }',
      "export { default } from 'superjson'",
      "export * as default from 'superjson'",
      'export = 1',
    ]
    for (const source of forms)
      expect(rulesBrokenBy({ 'core/base/a.ts': source }), source).to.deep.equal(['default-export'])
    expect(rulesBrokenBy({ 'core/base/a.ts': "import { default as s } from 'superjson'\nexport { s }" })).to.deep.equal(
      [],
    )
  })

  it('refuses module-level let and var, and no others', () => {
    for (const source of ['let n = 0', 'export let n = 0', 'var n = 0', 'export var n = 0']) {
      expect(rulesBrokenBy({ 'core/base/a.ts': source }), source).to.deep.equal(['module-variable'])
    }
    expect(rulesBrokenBy({ 'core/base/a.ts': 'export const f = () => { let n = 0; return ++n }' })).to.deep.equal([])
  })

  it('refuses inner index files, and files that are named for nothing', () => {
    for (const file of [
      'core/base/index.ts',
      'gateways/igor/index.ts',
      'core/base/utils.ts',
      'utils.ts',
      'core/base/helpers.ts',
    ]) {
      expect(rulesBrokenBy({ [file]: '' }), file).to.deep.equal(['file-name'])
    }
  })

  it('refuses a file of more than 300 lines', () => {
    const lines = (count: number) =>
      `${Array(count - 1)
        .fill('//')
        .join('\n')}\n`
    expect(rulesBrokenBy({ 'core/base/a.ts': lines(300) })).to.deep.equal([])
    expect(rulesBrokenBy({ 'core/base/a.ts': lines(301) })).to.deep.equal(['file-length'])
  })

  it('refuses that the core speaks of what is built on it', () => {
    for (const word of ['ChannelFrame', 'a task', 'myService']) {
      expect(rulesBrokenBy({ 'core/session/a.ts': `// ${word}` }), word).to.deep.equal(['feature-word'])
      expect(rulesBrokenBy({ 'core/wire/a.ts': `// ${word}` }), word).to.deep.equal(['feature-word'])
      expect(rulesBrokenBy({ 'features/tasks/a.ts': `// ${word}` }), word).to.deep.equal([])
    }
  })

  it('refuses a listener of a signal, but for the one that many share', () => {
    for (const source of [
      "signal.addEventListener('abort', f)",
      'signal?.addEventListener(\n  "abort",',
      'signal.onabort = f',
      'AbortSignal.any([signal])',
    ]) {
      expect(rulesBrokenBy({ 'core/link/a.ts': source }), source).to.deep.equal(['abort-listener'])
      expect(rulesBrokenBy({ 'core/base/followed-signals.ts': source }), source).to.deep.equal([])
    }
    expect(rulesBrokenBy({ 'core/link/a.ts': "socket.addEventListener('close', f)" })).to.deep.equal([])
  })

  it('refuses a file that does not open with a comment', () => {
    const breaks = (source: string) => findViolations(new Map([['core/base/a.ts', source]])).map(({ rule }) => rule)
    expect(breaks('export const a = 1\n// too late')).to.deep.equal(['opening-comment'])
    expect(breaks('')).to.deep.equal(['opening-comment'])
    expect(breaks('/** Its job. */\nexport const a = 1')).to.deep.equal([])
    expect(breaks('#!/usr/bin/env node\n// Its job.\n')).to.deep.equal([])
  })
})

function wayTo(room: string, from: string): string {
  const way = posix.relative(from, room)
  return way.startsWith('.') ? way : `./${way}`
}

/** The rules that a small tree breaks. Each file is given an opening comment, so that it breaks no rule by its form. */
function rulesBrokenBy(tree: Record<string, string>): string[] {
  return violationsOf(tree).map(({ rule }) => rule)
}

function violationsOf(tree: Record<string, string>) {
  return findViolations(new Map(Object.entries(tree).map(([file, source]) => [file, `// Its job.\n${source}`])))
}

function sourcesUnder(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return new Map(names.sort().map((name) => [name.split(sep).join('/'), readFileSync(join(folder, name), 'utf8')]))
}
