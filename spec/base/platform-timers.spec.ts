// Timers that a test fakes must not be the library's: nothing in lib/ names the global ones, apart from the command line
// and what is made to be moved by them.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'

const lib = fileURLToPath(new URL('../../lib/', import.meta.url))
const allowed = /^(cli\/|testing\/|core\/base\/platform-timers\.ts$)/
const timers = new Set(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'queueMicrotask'])
const clocks = new Set(['process.nextTick', 'performance.now'])

/** Where a file uses a global timer: calls of names that it did not import. */
function uses(file: string, source: string): string[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const imported = new Set<string>()
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportSpecifier(node)) imported.add(node.name.text)
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && timers.has(node.expression.text))
      found.push(node.expression.text)
    if (ts.isPropertyAccessExpression(node) && clocks.has(node.getText())) found.push(node.getText())
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found.filter((name) => !imported.has(name)).map((name) => `${file}: ${name}`)
}

describe('the timers of the library', () => {
  it('are those of base/platform-timers.ts, which it took when it was loaded', () => {
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
    const sources = files.filter((file) => file.endsWith('.ts') && !allowed.test(file))
    expect(sources.length).to.be.greaterThan(300)
    expect(sources.flatMap((file) => uses(file, readFileSync(lib + file, 'utf8')))).to.deep.equal([])
  })

  it('would be missed by name', () => {
    const source =
      "import { setTimeout } from './t.ts'\nsetTimeout(a, 1); setImmediate(a); performance.now(); x.setTimeout(1)"
    expect(uses('a.ts', source)).to.deep.equal(['a.ts: setImmediate', 'a.ts: performance.now'])
  })
})
