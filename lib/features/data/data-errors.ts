// The errors of a store of data, as actions throw them and clients catch them.
import { ActionError, type IsockErrorOptions } from '../../core/base/errors.ts'
import { nameErrorsOfFeature } from '../../core/base/own-classes.ts'

/** There is no such row. */
export class NotFoundError extends ActionError {
  /** The name of the model. */
  readonly model: string

  constructor(message: string, model: string, options: IsockErrorOptions = {}) {
    super(message, { ...options, code: 'NOT_FOUND' })
    this.model = model
  }
}

/** A write conflicts with existing rows: a unique value is taken, or others refer to a row. */
export class ConflictError extends ActionError {
  /** The name of the model; undefined if the store does not report it. */
  readonly model: string | undefined
  /** The field whose value is taken, or that refers to a missing row; undefined if the store does not report it. */
  readonly field: string | undefined

  constructor(message: string, where: { model?: string | undefined; field?: string | undefined } = {}) {
    super(message, { code: 'CONFLICT' })
    this.model = where.model
    this.field = where.field
  }
}

/** Several rows match, but exactly one was expected. */
export class AmbiguousError extends ActionError {
  readonly model: string
  /** The number of matches. */
  readonly count: number

  constructor(message: string, model: string, count: number) {
    super(message, { code: 'AMBIGUOUS' })
    this.model = model
    this.count = count
  }
}

/** A value, a filter or a file that does not fit its model. */
export class InvalidDataError extends ActionError {
  readonly model: string | undefined
  readonly field: string | undefined
  /** The row of a file, counted from 1 without its header. */
  readonly row: number | undefined

  constructor(
    message: string,
    where: { model?: string | undefined; field?: string | undefined; row?: number | undefined } = {},
  ) {
    super(message, { code: 'INVALID_DATA' })
    this.model = where.model
    this.field = where.field
    this.row = where.row
  }
}

/** The store cannot be reached, or did not answer in time. What the action had done was rolled back. */
export class StoreUnavailableError extends ActionError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super(message, { ...options, code: 'STORE_UNAVAILABLE' })
  }
}

nameErrorsOfFeature({
  NotFoundError,
  ConflictError,
  AmbiguousError,
  InvalidDataError,
  StoreUnavailableError,
} as never)
