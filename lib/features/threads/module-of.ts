// The module that a thread imports to get a class, as the class names it.
import { type ActionClass, actionNameOf } from '../../core/action/action.ts'
import { ServerError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import { isProgram } from './program.ts'

/** The URL of the module that `threaded` names. Throws ServerError (`INVALID_ACTION`). */
export function moduleOf(Class: ActionClass): string {
  const { threaded } = Class
  const label = `action "${actionNameOf(Class)}"`
  const url = namedModule(threaded, label)
  if (isProgram(url)) {
    throw invalid(
      `${label} is defined in the program's main module, which every thread would run again; move it to a module of its own`,
    )
  }
  return url
}

function namedModule(threaded: unknown, label: string): string {
  if (threaded instanceof URL || typeof threaded === 'string') {
    const url = URL.canParse(String(threaded)) ? new URL(threaded) : undefined
    if (url?.protocol === 'file:') return url.href
  }
  throw invalid(
    `${label}: static threaded must be the URL of the module that exports it, import.meta.url, got ${describe(threaded)}`,
  )
}

function invalid(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_ACTION' })
}
