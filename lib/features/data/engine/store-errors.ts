// Converts the store's errors to errors that callers can act on. A driver's own message contains the statement with its
// values, such as a hashed password: it never leaves this file.
import { ConnectionException, DriverException } from '@mikro-orm/core'
import { IsockError, ServerError } from '../../../core/base/errors.ts'
import { ConflictError, InvalidDataError, StoreUnavailableError } from '../data-errors.ts'
import { isBusy } from './libsql/while-busy.ts'
import { isStoreBusy, storeBusy } from './libsql/write-lock.ts'

/** Connections that could not be opened or were lost, or a server that is starting or stopping. */
const awayCode =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN|ENOENT|08|25P0[34]|57P0|53300|SQLITE_(CANTOPEN|IOERR|FULL|READONLY|NOTADB|CORRUPT|BUSY|LOCKED))/
const awayMessage =
  /Connection (terminated|ended)|Transaction query already complete|Connection lost|Unable to acquire a connection|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|aborted/i
/** Codes of SQLite and PostgreSQL; Node's own have other letters. */
const isDriverCode = /^(SQLITE_\w+|[0-9][0-9A-Z]{4}|[FHPX][0-9A-Z]\d{3})$/
/** An unusable file: only the operator of the server can fix it. */
const faultCode = /^SQLITE_(FULL|IOERR|READONLY|NOTADB|CORRUPT)/
const busyMessage = /Timeout acquiring a connection/i

interface DriverFields {
  readonly code?: string
  readonly message?: string
  readonly detail?: string
  readonly table?: string
  readonly constraint?: string
  readonly column?: string
}

/** Whether the store was unreachable, or the connection to it was lost. */
export function isAway(error: unknown): boolean {
  const { code = '', message = '' } = (error ?? {}) as DriverFields
  if (error instanceof IsockError) return error instanceof StoreUnavailableError
  return error instanceof ConnectionException || awayCode.test(code) || awayMessage.test(ownMessage(message))
}

/**
 * Whether a statement failed, and may succeed when its transaction begins again: because of what another one did at the same time (a
 * deadlock, or a serialization failure), or of a pooler.
 */
export function isInterruption(error: unknown): boolean {
  const { code } = (error ?? {}) as DriverFields
  return code === '40001' || code === '40P01' || isUnprepared(error)
}

/** Whether a statement was prepared over another connection: a pooler between gives each transaction any one. */
export function isUnprepared(error: unknown): boolean {
  const { code } = (error ?? {}) as DriverFields
  return code === '26000' || code === '42P05'
}

/** Whether others used the store for too long. */
export function isBusyError(error: unknown): boolean {
  return isStoreBusy(error) || isBusy(error) || busyMessage.test(((error ?? {}) as DriverFields).message ?? '')
}

/** Whether the store's file cannot be used, or its disk is full or has failed. */
export function isStoreFault(error: unknown): boolean {
  return !(error instanceof IsockError) && faultCode.test(((error ?? {}) as DriverFields).code ?? '')
}

/** The error that callers get for it. */
export function storeFault(error: unknown, consequence?: string): StoreUnavailableError {
  const { code = '' } = error as DriverFields
  const what = code.startsWith('SQLITE_FULL')
    ? 'the disk of the store is full'
    : code.startsWith('SQLITE_READONLY')
      ? 'the file of the store cannot be written'
      : code.startsWith('SQLITE_IOERR')
        ? 'the file of the store cannot be read or written'
        : 'the file is not a libsql database, or is damaged'
  return new StoreUnavailableError(`${what} (${code})${consequence === undefined ? '' : `; ${consequence}`}`)
}

/** @returns an error of isock. One that already is stays unchanged. */
export function storeError(error: unknown, model?: string): Error {
  if (error instanceof IsockError) return error
  const fields = (error ?? {}) as DriverFields
  const { code = '' } = fields
  const { message = '' } = fields
  if (isTaken(error)) return uniqueError(fields, model)
  if (isDangling(error)) return referenceError(fields, model)
  if (isInterruption(error))
    return new ConflictError(
      'the change conflicted with another one of the same rows; nothing was changed, so try again',
    )
  if (code === '42P01' || message.includes('no such table:'))
    return new ServerError('the store has no table for a model; run migrate()', { code: 'INVALID_USAGE' })
  if (code === '57014') return new StoreUnavailableError('a statement took too long, and the store cancelled it')
  if (isStoreFault(error)) return storeFault(error)
  if (isBusyError(error)) return storeBusy()
  if (isAway(error))
    return new StoreUnavailableError(`the store is unreachable (${code === '' ? 'connection lost' : code})`)
  if (/^22/.test(code) || /^23/.test(code) || code.startsWith('SQLITE_CONSTRAINT'))
    return new InvalidDataError(`the store refused a value (${code})`, { model, field: fields.column })
  if (code === '3D000') return new StoreUnavailableError('the server has no such database; create it first')
  if (/^28/.test(code)) return new StoreUnavailableError('the server refused the user or the password')
  if (code === '42501')
    return new ServerError(
      'the user of the store lacks permission for this; grant it rights on the schema and its tables',
    )
  if (error instanceof DriverException || isDriverCode.test(code))
    return new ServerError(`the store failed (${code || (error as Error).name})`)
  // Not from the store, but a fault of ours or of the engine: its message contains no value of a row.
  return error instanceof Error ? error : new ServerError(`the store failed (${typeof error})`)
}

/** A unique value is taken. By code, because statements that bypass MikroORM throw the driver's own errors. */
export function isTaken(error: unknown): boolean {
  const { code } = (error ?? {}) as DriverFields
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
}

/** A reference points, or would point, to a missing row. */
export function isDangling(error: unknown): boolean {
  const { code, message = '' } = (error ?? {}) as DriverFields
  return code === '23503' || message.includes('FOREIGN KEY constraint failed')
}

function uniqueError(fields: DriverFields, model: string | undefined): ConflictError {
  const found = /UNIQUE constraint failed: (\w+)\.(\w+)/.exec(fields.message ?? '')
  const table = found?.[1] ?? fields.table ?? model
  const field = found?.[2] ?? /Key \("?(\w+)"?\)/.exec(fields.detail ?? '')?.[1]
  const message = `a row of ${table ?? 'the model'} with this ${field ?? 'value'} already exists`
  return new ConflictError(message, { model: table, field })
}

function referenceError(fields: DriverFields, model: string | undefined): ConflictError {
  const field = fields.constraint?.startsWith(`${fields.table}_`)
    ? fields.constraint.slice((fields.table?.length ?? 0) + 1).replace(/_foreign$/, '')
    : undefined
  const where = field === undefined ? (model ?? 'a row') : `${fields.table}.${field}`
  const message = `${where}: a reference would point to a missing row; drop what refers to it first (cascade), or create it`
  return new ConflictError(message, { model: fields.table ?? model, field })
}

/** The driver's part of a message, without MikroORM's prefix, the statement. */
function ownMessage(message: string): string {
  const at = message.lastIndexOf(' - ')
  return at < 0 ? message : message.slice(at)
}
