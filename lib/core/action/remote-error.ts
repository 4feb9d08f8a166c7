// The error that the other side of a call sent, completed by its action and address.
import { setStack } from '../base/error-stack.ts'
import { IsockError } from '../base/errors.ts'
import { errorIdOf, setRemote } from '../base/remote.ts'
import type { Origin } from '../session/frame-port.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { decodeThrown, unknownClassOf, type ValueDecoder } from '../wire/rich/error-record.ts'

export interface RemoteFailure {
  readonly failure: Payload
  readonly notStarted: boolean
  readonly origin: Origin
  readonly seq: number
  /** The wire name of the action. */
  readonly action: string
  /** The caller has the class of the action, and with it the declared error classes. */
  readonly hasClass: boolean
}

/** Decodes what was thrown, or returns the error of decoding. Never throws. */
export function readFailure(codec: ValueDecoder, failed: RemoteFailure): unknown {
  let error: unknown
  try {
    error = decodeThrown(codec, failed.failure)
  } catch (unreadable) {
    return unreadable
  }
  if (!(error instanceof Error)) return error
  // The frame says whether it started, not the error: a handler may have rethrown one of another call.
  if (error instanceof IsockError)
    Object.defineProperty(error, 'notStarted', { value: failed.notStarted, enumerable: true })
  const { origin, seq, action } = failed
  addHint(error, failed)
  setRemote(error, { action, address: origin.address, errorId: errorIdOf(origin.session, seq) })
  // Also when nobody awaits the call, so that there is no line of the caller.
  setStack(error, `${error.stack}\n    at action "${action}" (${origin.address})`)
  return error
}

/** Explains why an error arrives as another class than it was thrown as. */
function addHint(error: Error, { action, hasClass }: RemoteFailure): void {
  const name = unknownClassOf(error)
  // A declared class is unknown here when the action was called by its name.
  if (name === undefined || (!hasClass && (error as { readonly isDeclared?: boolean }).isDeclared)) return
  const { message, stack = '' } = error
  const hinted = `${message}${message === '' ? '' : ' '}(class ${name} is not in static errors of ${action})`
  error.message = hinted
  const head = `${error.name}${message === '' ? '' : `: ${message}`}`
  if (stack.startsWith(head)) setStack(error, `${error.name}: ${hinted}${stack.slice(head.length)}`)
}
