// Checks the source of lib/ against the rules of its layers and files. It is fed with sources by path, relative to lib/,
// so that a spec can show every rule a small tree that breaks it; reading the disk is left to the caller.
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type Import, importsOf, linesWithDefaultExport, linesWithModuleVariable, parse } from './imports.ts'

/** The rules, by the name that a violation carries. */
export type Rule =
  | 'unknown-room'
  | 'upward'
  | 'sideways'
  | 'public-list'
  | 'outside'
  | 'cycle'
  | 'node-import'
  | 'default-export'
  | 'module-variable'
  | 'file-name'
  | 'file-length'
  | 'opening-comment'
  | 'feature-word'
  | 'abort-listener'

/** One place where a rule is broken. */
export interface Violation {
  readonly rule: Rule
  readonly file: string
  readonly message: string
}

/** The rooms of each layer, lowest first. Rooms that share a layer do not import each other. */
export const layers: readonly (readonly string[])[] = [
  ['core/base'],
  ['core/wire/bytes'],
  ['core/wire/values'],
  ['core/wire/frames', 'core/wire/packed', 'core/wire/rich'],
  ['core/wire', 'core/accounting'],
  ['core/link'],
  ['core/session'],
  ['core/action'],
  ['core/server', 'core/client'],
  ['features/data/durable'],
  [
    'features/channels',
    'features/tasks',
    'features/services',
    'features/threads',
    'features/tracing',
    'features/limits',
    'features/inspection',
    'features/web',
    'features/data',
  ],
  ['facade'],
  ['gateways', 'tracim', 'modules', 'testing'],
  ['daemon'],
  ['cli'],
]

const cliLayer = layers.length - 1
/** Rooms below the features, which must not know them: not even by name. */
const withoutFeatures = /^core\/(session|wire|accounting)\b/
const featureWord = /channel|\btasks?\b|service/i
/** Rooms that a browser loads too. */
const withoutNode = /^(core\/(base|wire|accounting|session|action|client)|features\/(channels|tasks|services))\b/
/** Rooms that are users of the library, and so may import its public list. */
const usersOfPublicList = ['cli', 'testing']
/** What the public lists have in common. */
const commonList = 'everywhere.ts'
/** The one place that listens to signals: a signal may be given to thousands of calls. */
const listensToSignals = 'core/base/followed-signals.ts'
const abortListener = /addEventListener\(\s*['"`]abort['"`]|\.onabort\b|\bAbortSignal\.any\(/
const maxLines = 300
const packageName = 'isock'

/** All violations in `files` (path relative to lib/ -> source), in the order of the files. */
export function findViolations(files: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = []
  const edges = new Map<string, string[]>()

  for (const [file, source] of files) {
    const tree = parse(file, source)
    const imports = importsOf(tree)
    violations.push(...checkName(file), ...checkText(file, source))
    for (const line of linesWithDefaultExport(tree)) {
      violations.push({ rule: 'default-export', file, message: `line ${line}: export it by name` })
    }
    for (const line of linesWithModuleVariable(tree)) {
      const message = `line ${line}: module-level state; let whoever creates a thing pass it in`
      violations.push({ rule: 'module-variable', file, message })
    }
    for (const each of imports) violations.push(...checkImport(file, each, files))
    edges.set(file, filesAmong(imports, file, files))
  }

  return [...violations, ...findCycles(edges)]
}

function checkName(file: string): Violation[] {
  const name = posix.basename(file)
  const room = roomOf(file)
  const violations: Violation[] = []
  if (room !== undefined && layerOf(room) === undefined) {
    violations.push({ rule: 'unknown-room', file, message: `lib/${room}/ has no layer in spec/setup/architecture.ts` })
  }
  if (room !== undefined && name === 'index.ts') {
    violations.push({ rule: 'file-name', file, message: 'only lib/ itself has an index.ts' })
  }
  if (/^(utils?|helpers?)\.ts$/.test(name)) {
    violations.push({ rule: 'file-name', file, message: 'name it for its concept; a helper lives with its user' })
  }
  return violations
}

function checkText(file: string, source: string): Violation[] {
  const violations: Violation[] = []
  const lines = source.replace(/\n$/, '').split('\n').length
  if (lines > maxLines) {
    const message = `${lines} lines, more than ${maxLines}: it hides a concept that wants its own file`
    violations.push({ rule: 'file-length', file, message })
  }
  if (!/^(#![^\n]*\n)?\s*\/[/*]/.test(source)) {
    violations.push({ rule: 'opening-comment', file, message: 'it opens with a comment that says its job' })
  }
  if (file !== listensToSignals && abortListener.test(source)) {
    const message = `listens to a signal by itself; use followSignal of ${listensToSignals}, or LinkedAbort`
    violations.push({ rule: 'abort-listener', file, message })
  }
  const room = roomOf(file)
  const word = room !== undefined && withoutFeatures.test(room) ? featureWord.exec(source)?.[0] : undefined
  if (word !== undefined) violations.push({ rule: 'feature-word', file, message: `"${word}" belongs to lib/features` })
  return violations
}

function checkImport(
  file: string,
  { specifier, line, isStatic }: Import,
  files: ReadonlyMap<string, string>,
): Violation[] {
  const room = roomOf(file)
  const at = (rule: Rule, message: string): Violation[] => [{ rule, file, message: `line ${line}: ${message}` }]

  if (isBuiltin(specifier)) {
    const refused = isStatic && room !== undefined && withoutNode.test(room)
    return refused ? at('node-import', `${room}/ is for browsers too, and imports ${specifier}`) : []
  }
  if (specifier === packageName || specifier.startsWith(`${packageName}/`)) {
    return at('outside', `imports ${specifier}, the package itself; use a relative path`)
  }
  const to = targetOf(file, { specifier })
  if (to === undefined) return []
  if (!files.has(to)) return at('outside', `imports ${specifier}, which is not a file of lib/`)

  const toRoom = roomOf(to)
  if (toRoom === undefined) {
    const allowed = room === undefined ? to === commonList : usersOfPublicList.includes(room) && to === 'index.ts'
    return allowed ? [] : at('public-list', `imports the public list ${to}; import the file that declares it`)
  }
  if (toRoom === room) return []
  const toLayer = layerOf(toRoom)
  const layer = room === undefined ? cliLayer : layerOf(room) // public lists lie above all but cli/
  if (layer === undefined || toLayer === undefined) return [] // said once, by checkName
  if (toLayer > layer || (room === undefined && toLayer === layer)) return at('upward', `imports ${to}, a layer above`)
  if (toLayer === layer) return at('sideways', `imports ${to}; ${room}/ and ${toRoom}/ do not know each other`)
  return []
}

/** One violation for each knot of files that reach each other, with the shortest way round from its first file. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): Violation[] {
  const violations: Violation[] = []
  const told = new Set<string>()
  for (const file of edges.keys()) {
    if (told.has(file)) continue
    const way = shortestWayBack(file, edges)
    if (way === undefined) continue
    for (const each of way) told.add(each)
    violations.push({ rule: 'cycle', file, message: way.join(' -> ') })
  }
  return violations
}

function shortestWayBack(start: string, edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const from of queue) {
    for (const to of edges.get(from) ?? []) {
      if (to === start) {
        const way = [start]
        for (let at: string | undefined = from; at !== undefined && at !== start; at = cameFrom.get(at)) way.unshift(at)
        return [start, ...way]
      }
      if (cameFrom.has(to)) continue
      cameFrom.set(to, from)
      queue.push(to)
    }
  }
  return undefined
}

function filesAmong(imports: readonly Import[], file: string, files: ReadonlyMap<string, string>): string[] {
  return imports.map((each) => targetOf(file, each)).filter((to): to is string => to !== undefined && files.has(to))
}

/** The nearest folder around the file that has a layer, else its outermost one; undefined for the public lists. */
function roomOf(file: string): string | undefined {
  if (!file.includes('/')) return undefined
  for (let at = posix.dirname(file); at !== '.'; at = posix.dirname(at)) if (layerOf(at) !== undefined) return at
  return file.slice(0, file.indexOf('/'))
}

function layerOf(room: string): number | undefined {
  const index = layers.findIndex((rooms) => rooms.includes(room))
  return index === -1 ? undefined : index
}

/** The path that a relative import means, relative to lib/; undefined for packages. */
function targetOf(file: string, { specifier }: Pick<Import, 'specifier'>): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined
}
