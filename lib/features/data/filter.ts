// Reads and checks filters and sort keys, which may contain values from a client. Accepted ones name visible
// fields, with values that fit them; nothing else reaches the store.

import { describe } from '../../core/base/options.ts'
import { checkValue } from './check.ts'
import { type ConditionSpec, type Operator, specOf } from './condition.ts'
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec } from './field.ts'
import { kindOf } from './kinds/kinds.ts'
import { isRow } from './model.ts'
import type { ModelPlan } from './plan.ts'
import type { Plans } from './plans.ts'

/** A field of a model, or of one that it refers to. */
export interface FieldPath {
  /** The references on the path. */
  readonly references: readonly string[]
  /** The model that has the field. */
  readonly plan: ModelPlan
  readonly field: string
  readonly spec: FieldSpec
}

/** A condition on one field. */
export interface Part {
  readonly path: FieldPath
  readonly operator: Operator
  readonly value: unknown
}

/** Conditions that must all hold, or at least one. */
export interface Group {
  readonly operator: 'and' | 'or'
  readonly parts: readonly Term[]
}

export type Term = Part | Group

export interface SortStep {
  readonly path: FieldPath
  readonly isDescending: boolean
}

const maxReferences = 5
/** The most values in all lists of a filter. */
const maxListed = 10_000
export const maxSortKeys = 20
export const maxParts = 100
const maxPatterns = 5
const maxPatternLength = 1_000

/** @throws InvalidDataError that names what is wrong. */
export function readFilter(filter: unknown, plan: ModelPlan, plans: Plans): Term[] {
  if (!isPlain(filter))
    throw new InvalidDataError(`a filter of ${plan.name} must be an object, got ${describe(filter)}`)
  const terms: Term[] = []
  for (const [key, asked] of Object.entries(filter)) {
    const path = readPath(key, plan, plans)
    const term = readTerm(path, specOf(asked) ?? valueSpec(path, asked))
    // All parts of a filter must hold, so these need no group of their own.
    if (term.operator === 'and') terms.push(...(term as Group).parts)
    else terms.push(term)
  }
  requireBounds(terms, plan)
  return terms
}

/** An object in place of a value is not a condition, wherever it comes from. */
function valueSpec({ plan, field }: FieldPath, value: unknown): ConditionSpec {
  if (!isPlain(value)) return { operator: 'eq', value }
  const message = `${plan.name}.${field}: expected a value, or a condition such as eq() or contains(), got ${describe(value)}; parseFilter() reads a filter that a client sent`
  throw new InvalidDataError(message, { model: plan.name, field })
}

function readTerm(path: FieldPath, spec: ConditionSpec, isNegated = false): Term {
  switch (spec.operator) {
    case 'not':
      return readTerm(path, spec.part, !isNegated)
    case 'and':
    case 'or': {
      if (spec.parts.length === 0) throw noCondition(path)
      const parts = spec.parts.map((part) => readTerm(path, part, isNegated))
      const operator = (spec.operator === 'and') === isNegated ? 'or' : 'and'
      if (operator === 'or') for (const part of parts) requireRowwise(part)
      return parts.length === 1
        ? (parts[0] as Term)
        : { operator, parts: parts.flatMap((part) => flat(part, operator)) }
    }
    default: {
      const part = readPart(path, spec.operator, spec.value)
      return isNegated ? negated(part) : part
    }
  }
}

function flat(term: Term, operator: 'and' | 'or'): readonly Term[] {
  return term.operator === operator ? (term as Group).parts : [term]
}

const opposites = {
  eq: 'ne',
  ne: 'eq',
  in: 'nin',
  nin: 'in',
  gt: 'le',
  ge: 'lt',
  lt: 'ge',
  le: 'gt',
  contains: 'lacks',
  lacks: 'contains',
} as const

/** Matches all rows that do not match the part, including those where the field is null, except for `ne` and `nin`. */
function negated(part: Part): Term {
  requireRowwise(part)
  const opposite: Part = { ...part, operator: opposites[part.operator as keyof typeof opposites] }
  const isTrueOfNull = opposite.operator === 'ne' || opposite.operator === 'nin' || opposite.operator === 'lacks'
  // The opposites of operators that match null do not match it.
  const isItself = opposite.operator === 'eq' || opposite.operator === 'in' || part.operator === 'lacks'
  if (isTrueOfNull || isItself) return opposite
  return { operator: 'or', parts: [opposite, { path: part.path, operator: 'eq', value: null }] }
}

/** These are evaluated for all rows that match the other conditions. */
function requireRowwise(term: Term): void {
  const { operator } = term
  if (operator !== 'matches' && operator !== 'min' && operator !== 'max') return
  const { plan, field } = (term as Part).path
  const message = `${plan.name}.${field}: ${operator} can be within and(), but neither within or() nor not()`
  throw new InvalidDataError(message, { model: plan.name, field })
}

function requireBounds(terms: readonly Term[], { name }: ModelPlan): void {
  const parts = leavesOf(terms)
  const refuse = (what: string): never => {
    throw new InvalidDataError(`a filter of ${name} has ${what}`, { model: name })
  }
  if (parts.length > maxParts) refuse(`more than ${maxParts} conditions`)
  const listed = parts.reduce(
    (sum, { operator, value }) => sum + (isList(operator) ? (value as unknown[]).length : 0),
    0,
  )
  if (listed > maxListed) refuse(`lists of more than ${maxListed} values`)
  if (parts.filter(({ operator }) => operator === 'matches').length > maxPatterns)
    refuse(`more than ${maxPatterns} regular expressions`)
}

function leavesOf(terms: readonly Term[]): Part[] {
  return terms.flatMap((term) => ('parts' in term ? leavesOf(term.parts) : [term]))
}

/** @throws InvalidDataError. */
export function readSort(sort: unknown, plan: ModelPlan, plans: Plans): SortStep[] {
  if (sort === undefined) return []
  const keys: unknown[] = Array.isArray(sort) ? sort : [sort]
  if (keys.length > maxSortKeys)
    throw new InvalidDataError(`more than ${maxSortKeys} fields of ${plan.name} to sort by`, { model: plan.name })
  return keys.map((key) => {
    if (typeof key !== 'string')
      throw new InvalidDataError(`expected the name of a field to sort by, got ${describe(key)}`)
    const isDescending = key.startsWith('-')
    const path = readPath(isDescending ? key.slice(1) : key, plan, plans)
    if (kindOf(path.spec).filters.compares !== 'order')
      throw new InvalidDataError(`${path.plan.name}.${path.field} is ${path.spec.kind}: it cannot be sorted by`)
    return { path, isDescending }
  })
}

function readPath(key: string, plan: ModelPlan, plans: Plans): FieldPath {
  const names = key.split('.')
  if (names.length > maxReferences + 1)
    throw new InvalidDataError(`${describe(key)}: more than ${maxReferences} references`, { model: plan.name })
  let at = plan
  for (const name of names.slice(0, -1)) {
    if (kindOf(at.openField(name)).refers !== 'to one')
      throw new InvalidDataError(`${at.name}.${name} is not a reference, so ${describe(key)} is not a field`)
    at = plans.target(at, name)
  }
  const field = names.at(-1) as string
  return { references: names.slice(0, -1), plan: at, field, spec: at.openField(field) }
}

function readPart(path: FieldPath, operator: Operator, value: unknown): Part {
  const { spec, plan, field } = path
  const { compares, contains } = kindOf(spec).filters
  const refuse = (what: string): never => {
    throw new InvalidDataError(`${plan.name}.${field}: ${what}`, { model: plan.name, field })
  }
  if (value === undefined) throw noCondition(path)
  if ((operator === 'eq' || operator === 'ne') && value === null) return { path, operator, value }
  if (operator === 'contains' || operator === 'lacks') {
    if (contains === 'text') return { path, operator, value: checkText(path, value) }
    if (contains === 'items') return { path, operator, value: checkItem(path, value) }
    return refuse(`${operator} is for texts, lists and sets`)
  }
  const isEquality = compares === 'equality' && (operator === 'eq' || operator === 'ne')
  if (compares !== 'order' && !isEquality) return refuse(`${operator} cannot be used with ${spec.kind}`)
  if (operator === 'matches') {
    if (contains !== 'text') return refuse('matches is for texts')
    if (typeof value !== 'string' || value.length > maxPatternLength)
      return refuse(`expected a regular expression of at most ${maxPatternLength} characters`)
    return { path, operator, value }
  }
  if (operator === 'min' || operator === 'max')
    return value === true ? { path, operator, value } : refuse(`${operator} takes true`)
  if (isList(operator)) {
    if (!Array.isArray(value) || value.length > maxListed)
      return refuse(`${operator} takes a list of at most ${maxListed} values`)
    return { path, operator, value: value.map((item) => (item === null ? null : checkCompared(path, item))) }
  }
  return { path, operator, value: checkCompared(path, value) }
}

/** It would match every row, which is never intended: for example, a value that was never sent. */
function noCondition({ plan, field }: FieldPath): InvalidDataError {
  const message = `${plan.name}.${field}: a condition without a value; leave the field out, or ask for null`
  return new InvalidDataError(message, { model: plan.name, field })
}

function checkCompared({ plan, field, spec }: FieldPath, value: unknown): unknown {
  // Choices are not enforced: comparing with another text finds nothing.
  const open = { ...spec, choices: undefined, isOptional: false }
  return checkValue(isRow(value) ? value.pk : value, open, { model: plan.name, field })
}

function checkText({ plan, field }: FieldPath, value: unknown): unknown {
  const text = { kind: 'text', isOptional: false, isSecret: false, choices: undefined, items: undefined } as const
  return checkValue(value, text, { model: plan.name, field })
}

function checkItem({ plan, field, spec }: FieldPath, value: unknown): unknown {
  checkValue([value], { ...spec, isOptional: false }, { model: plan.name, field })
  if (typeof value === 'object')
    throw new InvalidDataError(`${plan.name}.${field}: contains takes a text, a number or a truth value`)
  return value
}

function isList(operator: Part['operator']): operator is 'in' | 'nin' {
  return operator === 'in' || operator === 'nin'
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
