// The requests of clients to services, checked: they come from peers.
import { ServerError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import { keyFault } from './key.ts'
import { maxNameLength, type Verb } from './service.ts'
import type { ServiceRequest } from './service-actions.ts'

/** Checks a peer's request. Throws ServerError (`BAD_REQUEST`). */
export function readRequest(verb: Verb, request: unknown): ServiceRequest {
  const { service, key, args, shutdown, confirm } = (request ?? {}) as Record<string, unknown>
  if (typeof service !== 'string' || service === '' || service.length > maxNameLength)
    throw badRequest(`expected { service } to be a name of 1 to ${maxNameLength} characters, got ${describe(service)}`)
  if (confirm !== undefined && confirm !== 'receipt')
    throw badRequest(`expected { confirm } to be 'receipt', got ${describe(confirm)}`)
  const fault = key === undefined ? undefined : keyFault(key)
  if (fault !== undefined) throw badRequest(fault)
  const read: ServiceRequest = {
    service,
    args,
    ...(key === undefined ? {} : { key: key as string }),
    ...(confirm === undefined ? {} : { confirm }),
  }
  if (shutdown === undefined) return read
  if (typeof shutdown !== 'boolean')
    throw badRequest(`expected { shutdown } to be a boolean, got ${describe(shutdown)}`)
  if (verb !== 'exit') throw badRequest('{ shutdown } goes with terminate only')
  return { ...read, shutdown }
}

export function badRequest(what: string): ServerError {
  return new ServerError(`invalid request to a service: ${what}`, {
    code: 'BAD_REQUEST',
    notStarted: true,
  })
}
