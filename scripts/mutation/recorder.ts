// A source that writes down which places of it are reached, and while which spec file ran. A place is the smallest statement or
// operand around a fault, so that what never reaches the place cannot see the fault. Running it is the work of reaching.ts.
import ts from 'typescript'
import type { Fault } from './faults.ts'

/** Files by absolute paths: where hits are written to, and where the spec file that runs now is named. */
export interface HitFiles {
  readonly hits: string
  readonly current: string
}

/** A fault with its number, which names it among the hits. */
export interface NumberedFault extends Pick<Fault, 'start' | 'end'> {
  readonly number: number
}

interface Insertion {
  readonly at: number
  readonly text: string
  /** Of the place that it belongs to. An outer place opens first and closes last. */
  readonly size: number
  readonly opens: boolean
}

/**
 * Each place reports its first hit for each spec file and process. The file needs no import and no environment, because child
 * processes, threads and bundles get neither; a browser records nothing. Lines keep their order, not their numbers.
 */
export function recordingSource(source: string, faults: readonly NumberedFault[], files: HitFiles): string {
  const tree = ts.createSourceFile('x.ts', source, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS)
  const numbers = new Map<ts.Node, number[]>()
  for (const { start, end, number } of faults) {
    const place = placeAround(innermost(tree, start, end))
    if (place !== undefined) numbers.set(place, [...(numbers.get(place) ?? []), number])
  }
  const insertions = [...numbers].flatMap(([place, own]) => insertionsAt(place, tree, own))
  insertions.sort(inOrder)
  let text = ''
  let done = 0
  for (const { at, text: inserted } of insertions) {
    text += source.slice(done, at) + inserted
    done = at
  }
  text += source.slice(done)
  const shebang = /^#!.*\n/.exec(text)?.[0] ?? ''
  // Its types are those of the source without a recorder.
  return `${shebang}// @ts-nocheck\n${recorderOf(files)}\n${text.slice(shebang.length)}`
}

const recorderOf = ({ hits, current }: HitFiles): string =>
  `globalThis.__isockHit ??= (() => {
    const fs = globalThis.process?.getBuiltinModule?.('node:fs')
    if (fs === undefined) return () => {}
    let reported = new Set()
    let [inherited, former, hits] = []
    const read = () => { try { return fs.readFileSync(${JSON.stringify(current)}, 'utf8') } catch { return '' } }
    return (numbers) => {
      const spec = globalThis.__isockSpec ?? (inherited ??= read())
      if (spec !== former) {
        former = spec
        reported = new Set()
      }
      if (reported.has(numbers)) return
      reported.add(numbers)
      hits ??= fs.openSync(${JSON.stringify(hits)}, 'a')
      fs.writeSync(hits, numbers + ' ' + spec + '\\n')
    }
  })();`

function insertionsAt(node: ts.Node, tree: ts.SourceFile, numbers: readonly number[]): Insertion[] {
  const [from, to] = [node.getStart(tree), node.getEnd()]
  const call = `globalThis.__isockHit('${numbers.join()}')`
  const wrap = (before: string, after: string): Insertion[] => [
    { at: from, text: before, size: to - from, opens: true },
    { at: to, text: after, size: to - from, opens: false },
  ]
  if (isListed(node)) return wrap(`;${call};`, '')
  return ts.isStatement(node) ? wrap(`{${call};`, '}') : wrap(`(${call}, `, ')')
}

function innermost(tree: ts.SourceFile, start: number, end: number): ts.Node {
  let found: ts.Node = tree
  const visit = (node: ts.Node): void => {
    if (node.getStart(tree) > start || node.getEnd() < end) return
    found = node
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** Undefined where nothing can be inserted around it. */
function placeAround(from: ts.Node): ts.Node | undefined {
  for (let node = from; !ts.isSourceFile(node); node = node.parent) {
    const { parent } = node
    if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isTypeNode(node)) continue
    if (isListed(node) || isBodyOfStatement(node)) return node
    if (ts.isArrowFunction(parent) && parent.body === node && !ts.isBlock(node)) return node
    if (ts.isConditionalExpression(parent) && parent.condition !== node && ts.isExpression(node)) return node
    if (ts.isBinaryExpression(parent) && parent.right === node && isLogical(parent.operatorToken.kind)) return node
    const holds = ts.isPropertyDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)
    if (holds && parent.initializer === node) return node
  }
  return undefined
}

/** A statement before which another one can stand. */
function isListed(node: ts.Node): boolean {
  const { parent } = node
  return (
    ts.isStatement(node) &&
    !ts.isBlock(node) &&
    (ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isCaseOrDefaultClause(parent))
  )
}

function isBodyOfStatement(node: ts.Node): boolean {
  const { parent } = node
  if (!ts.isStatement(node) || ts.isBlock(node)) return false
  return ts.isIfStatement(parent) || ts.isIterationStatement(parent, false)
}

function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  )
}

function inOrder(one: Insertion, other: Insertion): number {
  if (one.at !== other.at) return one.at - other.at
  if (one.opens !== other.opens) return one.opens ? 1 : -1
  return one.opens ? other.size - one.size : one.size - other.size
}
