// The options of the operations of `context.db`: which there are, and the bounds of their numbers.
import { expect } from 'chai'
import { ClientError } from 'isock'
import { InvalidDataError } from 'isock/data'
import type { DropOptions, HydrateOptions } from '../../../lib/features/data/db.ts'
import {
  cascadeOf,
  depthOf,
  type RowsOptions,
  requireFindOptions,
  requireQueryOptions,
} from '../../../lib/features/data/engine/read-options.ts'

describe('The options of find', () => {
  it('are only the lock', () => {
    for (const options of [{}, { lock: true }, { lock: undefined }]) requireFindOptions(options)
    for (const name of ['limit', 'offset', 'sort', 'locks'])
      expect(() => requireFindOptions({ [name]: 1 } as RowsOptions))
        .to.throw(ClientError, name)
        .with.property('code', 'INVALID_OPTION')
  })
})

describe('The options of query', () => {
  it('are these four', () => {
    requireQueryOptions({ sort: 'a', limit: 1, offset: 1, lock: true }, 10)
    expect(() => requireQueryOptions({ limits: 1 } as RowsOptions, 10))
      .to.throw(ClientError, 'limits')
      .with.property('code', 'INVALID_OPTION')
  })

  it('have whole numbers of at least 0', () => {
    for (const value of [undefined, 0, 1, 10]) requireQueryOptions({ limit: value, offset: value }, 10)
    requireQueryOptions({ offset: Number.MAX_SAFE_INTEGER }, 10)
    for (const name of ['limit', 'offset'] as const)
      for (const [value, got] of [
        [-1, '-1'],
        [0.5, '0.5'],
        [Number.NaN, 'NaN'],
        [2 ** 53, '9007199254740992'],
        ['1', '"1"'],
        [null, 'null'],
      ])
        expect(() => requireQueryOptions({ [name]: value } as RowsOptions, 10)).to.throw(
          InvalidDataError,
          `${name}: expected a whole number of at least 0, got ${got}`,
        )
  })

  it('have a limit of at most as many rows as the data allows', () => {
    requireQueryOptions({ limit: 10 }, 10)
    requireQueryOptions({}, 0)
    requireQueryOptions({ offset: 11 }, 10)
    expect(() => requireQueryOptions({ limit: 11 }, 10)).to.throw(
      InvalidDataError,
      'limit: expected at most 10, got 11; ask for pages, or raise data.maxRows',
    )
  })
})

describe('The options of drop', () => {
  it('are the cascade, which is empty by default', () => {
    expect(cascadeOf()).to.deep.equal([])
    expect(cascadeOf({})).to.deep.equal([])
    const cascade: unknown = ['Note']
    expect(cascadeOf({ cascade } as DropOptions)).to.equal(cascade)
    expect(() => cascadeOf({ cascades: [] } as DropOptions))
      .to.throw(ClientError, 'cascades')
      .with.property('code', 'INVALID_OPTION')
  })
})

describe('The options of hydrate', () => {
  it('are the depth, which is 8 by default and at most 64', () => {
    expect([{}, { depth: 0 }, { depth: 1 }, { depth: 64 }].map(depthOf)).to.deep.equal([8, 0, 1, 64])
    for (const [depth, got] of [
      [65, '65'],
      [-1, '-1'],
      [1.5, '1.5'],
      ['3', '"3"'],
    ])
      expect(() => depthOf({ depth } as HydrateOptions)).to.throw(
        InvalidDataError,
        `depth: expected a whole number of at most 64, got ${got}`,
      )
    expect(() => depthOf({ deep: 1 } as HydrateOptions))
      .to.throw(ClientError, 'deep')
      .with.property('code', 'INVALID_OPTION')
  })
})
