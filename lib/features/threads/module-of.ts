// The module that a class was loaded from, according to the engine's inspector: a thread has to import that module.
import { Session } from 'node:inspector'
import { pathToFileURL } from 'node:url'
import { type ActionClass, actionNameOf } from '../../core/action/action.ts'
import { ServerError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import { isProgram } from './program.ts'

/** The URL of the module that `threaded` names, or of the class's own module for `true`. Throws ServerError (`INVALID_ACTION`). */
export function moduleOf(Class: ActionClass): string {
  const { threaded } = Class
  const label = `action "${actionNameOf(Class)}"`
  const url = threaded === true ? definingModule(Class, label) : namedModule(threaded, label)
  if (isProgram(url)) {
    throw invalid(
      `${label} is defined in the program's main module, which every thread would run again; move it to a module of its own`,
    )
  }
  return url
}

function definingModule(Class: ActionClass, label: string): string {
  const url = scriptOf(Class)
  if (url !== undefined && isFile(url)) return url.startsWith('file:') ? url : pathToFileURL(url).href
  throw invalid(`${label}: its module was not found; set \`static threaded = import.meta.url\``)
}

function namedModule(threaded: unknown, label: string): string {
  if (threaded instanceof URL || typeof threaded === 'string') {
    const url = URL.canParse(String(threaded)) ? new URL(threaded) : undefined
    if (url?.protocol === 'file:') return url.href
  }
  throw invalid(
    `${label}: static threaded must be true, or the URL of a file as in import.meta.url, got ${describe(threaded)}`,
  )
}

function isFile(url: string): boolean {
  return url.startsWith('file:') || url.startsWith('/') || /^[A-Za-z]:[\\/]/.test(url)
}

/** undefined when there is no inspector, or the class has no location in a script. */
function scriptOf(Class: ActionClass): string | undefined {
  const session = new Session()
  const key = `isock threaded class ${Math.random()}`
  const globals = globalThis as Record<string, unknown>
  const scripts = new Map<string, string>()
  let found: string | undefined
  try {
    session.connect()
    session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url))
    session.post('Debugger.enable')
    // The only way to hand an object to the inspector is a name that its script can see; it is removed immediately.
    globals[key] = Class
    session.post('Runtime.evaluate', { expression: `globalThis[${JSON.stringify(key)}]` }, (error, evaluated) => {
      const objectId = error === null ? evaluated.result.objectId : undefined
      if (objectId === undefined) return
      session.post(
        'Runtime.getProperties',
        { objectId, ownProperties: true },
        (failure, { internalProperties = [] }) => {
          if (failure !== null) return
          const place = internalProperties.find(({ name }) => name === '[[FunctionLocation]]')
          const { scriptId } = (place?.value?.value ?? {}) as { scriptId?: string }
          found = scripts.get(scriptId ?? '')
        },
      )
    })
  } catch {
    // A Node without an inspector.
  } finally {
    delete globals[key]
    session.disconnect()
  }
  return found
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
