// Whether a caller and a callee whose contracts differ may still work together.
import { ServerError } from '../base/errors.ts'
import { fieldLength, pathLength } from './contract.ts'

/** Whether a server with the contract `own` serves a caller with this one: it may know optional fields that the caller does not. */
export function fitsContract(asked: string, own: string): boolean {
  if (asked === own) return true
  const [hash, input = '', output = '', items = ''] = asked.split('.')
  const [ownHash, ownInput = '', ownOutput = '', ownItems = ''] = own.split('.')
  if (hash !== ownHash || !fitsFields(input, ownInput, false)) return false
  return fitsFields(output, ownOutput, true) && fitsFields(items, ownItems, true)
}

function fitsFields(asked: string, own: string, mayBeUnknown: boolean): boolean {
  const known = fieldsOf(own)
  return [...fieldsOf(asked)].every(([path, meaning]) => (known.has(path) ? known.get(path) === meaning : mayBeUnknown))
}

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (let at = 0; at < text.length; at += fieldLength)
    fields.set(text.slice(at, at + pathLength), text.slice(at + pathLength, at + fieldLength))
  return fields
}

export function contractMismatch(name: string): ServerError {
  const message = `action "${name}": client and server do not have the same contract (name, input and output schema, contractVersion); bring both to one version`
  return new ServerError(message, { code: 'CONTRACT_MISMATCH', notStarted: true })
}
