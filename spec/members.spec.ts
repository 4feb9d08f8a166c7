// What completion lists of the public classes: what users may call, and nothing of the inside.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'

const lib = fileURLToPath(new URL('../lib', import.meta.url))

interface Listing {
  readonly names: readonly string[]
  readonly internal: readonly string[]
}

/** The members of a class and of those that it extends, without private, protected and symbol-named ones. */
function membersOf(file: string, className: string): Listing {
  const source = ts.createSourceFile(file, readFileSync(join(lib, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const Class = source.statements.find((each): each is ts.ClassDeclaration => isClass(each, className))
  if (Class === undefined) throw new Error(`${file} has no class ${className}`)
  const own = Class.members.filter(isListed)
  const names = own.map((member) => member.name.text)
  const internal = own.filter((member) => ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal'))
  const base = Class.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression
  const inherited = base === undefined ? undefined : inheritedFrom(source, file, base.getText())
  return {
    names: [...new Set([...names, ...(inherited?.names ?? [])])].sort(),
    internal: [...internal.map((member) => member.name.text), ...(inherited?.internal ?? [])],
  }
}

function isClass(statement: ts.Statement, name: string): boolean {
  return ts.isClassDeclaration(statement) && statement.name?.text === name
}

type Listed = ts.ClassElement & { readonly name: ts.Identifier }

function isListed(member: ts.ClassElement): member is Listed {
  if (member.name === undefined || !ts.isIdentifier(member.name)) return false
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static
  return (ts.getCombinedModifierFlags(member) & hidden) === 0
}

function inheritedFrom(source: ts.SourceFile, file: string, name: string): Listing | undefined {
  if (source.statements.some((each) => isClass(each, name))) return membersOf(file, name)
  for (const each of source.statements) {
    if (!ts.isImportDeclaration(each) || !ts.isStringLiteral(each.moduleSpecifier)) continue
    const { text } = each.moduleSpecifier
    const bindings = each.importClause?.namedBindings
    if (!text.startsWith('.') || bindings === undefined || !ts.isNamedImports(bindings)) continue
    if (bindings.elements.some((element) => element.name.text === name))
      return membersOf(join(dirname(file), text), name)
  }
  // Promise and the like.
  return undefined
}

describe('the members that are listed of', () => {
  it('a Client', () => {
    const members = [
      'addAction',
      'addActions',
      'close',
      'connect',
      'hasAction',
      'isConnected',
      'on',
      'onProcess',
      'presence',
      'publish',
      'removeAction',
      'runAction',
      'service',
      'sessionId',
      'subscribe',
      'use',
      'watchPresence',
    ]
    expect(membersOf('facade/client.ts', 'Client').names).to.deep.equal(members)
    expect(membersOf('facade/browser-client.ts', 'Client').names).to.deep.equal(members)
  })

  it('a Server', () => {
    expect(membersOf('facade/server.ts', 'Server').names).to.deep.equal([
      'accept',
      'actionNames',
      'actions',
      'addAction',
      'addActions',
      'addChannel',
      'addFeature',
      'addProcess',
      'addService',
      'addTask',
      'addresses',
      'callCount',
      'channel',
      'endSessions',
      'fds',
      'findFeature',
      'hasAction',
      'isShuttingDown',
      'listen',
      'on',
      'process',
      'processes',
      'publish',
      'reloadTls',
      'removeAction',
      'removeChannel',
      'removeProcess',
      'removeTask',
      'runAction',
      'serveForever',
      'service',
      'services',
      'sessions',
      'shutdown',
      'tasks',
      'usage',
      'use',
    ])
  })

  it('a Call', () => {
    const own = ['cancel', 'catchError', 'id', 'onProgress', 'outcome']
    expect(membersOf('core/action/call.ts', 'Call').names).to.deep.equal(own)
  })

  it('every other public class are none of the inside', () => {
    for (const [file, name] of [
      ['core/action/action.ts', 'Action'],
      ['core/action/guard.ts', 'Guard'],
      ['daemon/daemon.ts', 'Daemon'],
      ['features/channels/channel.ts', 'Channel'],
      ['features/channels/channel-handle.ts', 'ChannelHandle'],
      ['features/channels/presence-watch.ts', 'PresenceWatch'],
      ['features/channels/subscription.ts', 'Subscription'],
      ['features/data/database.ts', 'Database'],
      ['features/data/model.ts', 'Model'],
      ['features/services/service.ts', 'Service'],
      ['features/services/service-client.ts', 'ServiceClient'],
      ['features/services/service-handle.ts', 'ServiceHandle'],
      ['features/tasks/client/listening.ts', 'Listening'],
      ['features/tasks/process.ts', 'Process'],
    ] as const)
      expect(membersOf(file, name).internal, name).to.deep.equal([])
  })
})
