// Every kind of field in every place that asks for it: rows, filters, files and migrations, in each store. Among them is a kind
// that the library does not have: what it takes to add one is its object, and its place in the list.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  contains,
  Database,
  eq,
  type Filter,
  field,
  gt,
  InvalidDataError,
  Model,
  type ModelClass,
  ne,
  parseFilter,
} from 'isock/data'
import { resolveDataOptions } from '../../lib/features/data/data-options.ts'
import { Engine } from '../../lib/features/data/engine/engine.ts'
import { DeclaredField, type FieldSpec } from '../../lib/features/data/field.ts'
import type { Kind } from '../../lib/features/data/kinds/kind.ts'
import { type FieldKind, kindOf, kinds } from '../../lib/features/data/kinds/kinds.ts'
import { Plans } from '../../lib/features/data/plans.ts'
import { longIt } from '../setup/long.ts'
import { failureOf } from '../setup/world.ts'
import { openDatabase, stores, type TestStore } from './stores.ts'

/** An amount of money, which no kind of the library has. */
class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }
}

const amount = /^-?\d+\.\d\d$/
const moneyFrom = (value: unknown): unknown =>
  typeof value === 'string' && amount.test(value) ? new Money(Math.round(Number(value) * 100)) : value
const moneyForm = (column: string) => ({
  column,
  encode: (value: Money) => (value instanceof Money ? value.cents : value),
  decode: (stored: unknown) => new Money(Number(stored)),
  encodedAs: 'number' as const,
  isReadAsEncoded: true,
})

const money: Kind<Money> = {
  expected: (value) =>
    value instanceof Money && Number.isSafeInteger(value.cents) ? undefined : 'an amount of money in cents',
  isMutable: false,
  filters: { compares: 'order', contains: 'nothing', fromJson: moneyFrom },
  stores: { libsql: moneyForm('int'), postgresql: moneyForm('bigint') },
  files: {
    toJson: ({ cents }) => (cents / 100).toFixed(2),
    fromJson: moneyFrom,
    toCell: ({ cents }) => (cents / 100).toFixed(2),
    fromCell: moneyFrom,
  },
  nothing: () => new Money(0),
  placeholder: () => new Money(0),
}

/** Two values, the lesser one first where they have an order. The pks are of rows that exist. */
const samples: Record<FieldKind | 'money', (pks: readonly string[]) => readonly [unknown, unknown]> = {
  text: () => ["'=1+1 \u{1f600}", 'b'],
  integer: () => [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  number: () => [-0.1, 1e300],
  boolean: () => [false, true],
  date: () => [new Date('0001-02-03T04:05:06.007Z'), new Date('9999-12-31T23:59:59.999Z')],
  list: () => [['1', 'b', ''], []],
  set: () => [new Set([3, 1]), new Set()],
  json: () => [{ a: [1, null, '2'] }, 'text'],
  reference: (pks) => [pks[0], pks[1]],
  references: (pks) => [[pks[1], pks[0], pks[1]], []],
  money: () => [new Money(-1_05), new Money(12_50)],
}
const names = Object.keys(samples) as FieldKind[]

const more: Partial<Record<FieldKind, Pick<FieldSpec, 'items'>>> = {
  list: { items: 'text' },
  set: { items: 'integer' },
}

function declared(kind: FieldKind, options: object, target?: () => ModelClass): never {
  return new DeclaredField(kind, options, { ...more[kind], target: target as never }) as never
}

/** What a field has where nothing was set. */
const unset = (kind: FieldKind): unknown => (kind === 'references' ? [] : null)

/** A model of one field, of this kind. */
function modelOf(kind: FieldKind) {
  return class Holder extends Model {
    static override modelName = `Of_${kind}`
    value: unknown = declared(
      kind,
      kind === 'references' ? { default: () => [] } : { optional: true },
      kindOf({ kind }).refers === undefined ? undefined : () => Holder,
    )
  }
}

describe('The kinds of fields', () => {
  before(() => {
    Object.assign(kinds, { money })
  })
  after(() => {
    Reflect.deleteProperty(kinds, 'money')
  })

  for (const store of stores) {
    describe(`in ${store.name}`, function () {
      this.timeout(120_000)
      let place: TestStore
      let database: Database
      let directory: string
      const models = new Map(names.map((kind) => [kind, modelOf(kind)]))

      before(async function () {
        place = await store.make(this)
        directory = await mkdtemp(join(tmpdir(), 'isock-kinds-'))
        database = await openDatabase(place, { models: [...models.values()] })
      })

      after(async () => {
        await database?.close()
        await place?.remove()
        if (directory !== undefined) await rm(directory, { recursive: true })
      })

      for (const kind of names) {
        describe(`: ${kind}`, () => {
          const Holder = models.get(kind) as ReturnType<typeof modelOf>
          let pks: string[]
          let values: readonly [unknown, unknown]

          before(async () => {
            await database.transaction(async (db) => {
              pks = [(await db.create(Holder, {})).pk, (await db.create(Holder, {})).pk].sort()
              values = samples[kind](pks)
              for (const [at, pk] of pks.entries()) await db.update(Holder, { pk }, { value: values[at] })
            })
          })

          const found = (filter: object, sort?: string): Promise<string[]> =>
            database.transaction(async (db) =>
              (await db.query(Holder, filter as Filter<Model>, { sort: sort as never })).map(({ pk }) => pk),
            )
          const kept = (): Promise<unknown[]> =>
            database.transaction(async (db) => (await db.query(Holder, {}, { sort: 'pk' })).map(({ value }) => value))

          it('is read as it was set', async () => {
            expect(await kept()).to.deep.equal(values)
          })

          it('is null, or an empty list of references, where it is not set', async () => {
            await database.transaction(async (db) => {
              const row = await db.create(Holder, {})
              expect(row.value).to.deep.equal(unset(kind))
              await db.drop(row)
            })
          })

          it('is refused where it does not fit', () =>
            database.transaction(async (db) => {
              const error = await failureOf(db.create(Holder, { value: Symbol('other') } as never))
              expect(error).to.be.instanceOf(InvalidDataError)
              expect(error.message).to.match(new RegExp(`^Of_${kind}\\.value: expected .+, got`))
            }))

          it('is found, sorted and compared where it can be', async () => {
            const { compares, contains: parts } = kindOf({ kind }).filters
            const [first, second] = pks
            if (compares !== 'nothing') {
              expect(await found({ value: eq(values[0] as string) })).to.deep.equal([first])
              expect(await found({ value: ne(values[0] as string) })).to.deep.equal([second])
            } else expect(await failureOf(found({ value: eq(values[0] as string) }))).to.be.instanceOf(InvalidDataError)
            if (compares === 'order') {
              expect(await found({ value: gt(values[0] as number) })).to.deep.equal([second])
              expect(await found({}, 'value')).to.deep.equal([first, second])
              expect(await found({}, '-value')).to.deep.equal([second, first])
            } else expect(await failureOf(found({}, 'value'))).to.be.instanceOf(InvalidDataError)
            if (parts === 'nothing')
              expect(await failureOf(found({ value: contains('x') }))).to.be.instanceOf(InvalidDataError)
            else {
              const [part] = parts === 'text' ? ['=1+'] : [...(values[0] as Iterable<unknown>)]
              expect(await found({ value: contains(part as string) })).to.deep.equal([first])
            }
          })

          it('is not taken for changed when it was only read', async () => {
            const options = resolveDataOptions({ models: [Holder], maxConnections: 1, ...place.options })
            // Another engine would be another store in memory.
            if (options.place.kind === 'libsql' && options.place.path === ':memory:') return
            const engine = await Engine.open(new Plans([Holder]), options)
            try {
              const manager = engine.fork()
              const { Entity } = engine.plans.of(Holder)
              for (let times = 0; times < 2; times++)
                expect(await manager.find(Entity as never, {}, { refresh: true })).to.have.lengthOf(2)
              manager.getUnitOfWork().computeChangeSets()
              expect(manager.getUnitOfWork().getChangeSets()).to.deep.equal([])
            } finally {
              await engine.close()
            }
          })

          for (const format of ['json', 'csv'] as const) {
            // Files are the same for all stores, and specs of files try csv with all kinds in one.
            const fileIt: typeof longIt = store === stores[0] && format === 'json' ? it : longIt
            fileIt(`is saved to ${format} and loaded again`, async () => {
              const files = join(directory, `${kind}-${format}`)
              await database.save(files, { format })
              await database.transaction((db) => db.update(Holder, {}, { value: unset(kind) }))
              await database.load(files, { format, replace: true })
              expect(await kept()).to.deep.equal(values)
            })
          }
        })
      }

      // After what the kinds' own suites have made.
      describe(': those that JSON spells in another way', () => {
        it('are found by what it has for them', async () => {
          const dates = models.get('date') as ReturnType<typeof modelOf>
          const amounts = models.get('money' as never) as ReturnType<typeof modelOf>
          const asked = (model: ReturnType<typeof modelOf>, filter: object): Promise<number> =>
            database.transaction((db) =>
              db.count(model, parseFilter({ value: filter }, model, { fields: ['value'] as never })),
            )
          expect(await asked(dates, { gt: '2026-01-01' })).to.equal(1)
          expect(await asked(amounts, { in: ['-1.05', '12.50', '0.00'] })).to.equal(2)
          expect(await failureOf(asked(amounts, { gt: 'much' }))).to.be.instanceOf(InvalidDataError)
        })
      })
    })

    if (store.name !== 'libsql in memory')
      it(`are added to rows that exist with what stands for nothing, in ${store.name}`, async function () {
        this.timeout(120_000)
        const place = await store.make(this)
        try {
          const added = names.filter((kind) => kindOf({ kind }).nothing !== undefined)
          const grown = (fields: readonly FieldKind[], more: object = {}): ModelClass =>
            class Grown extends Model {
              constructor(...args: unknown[]) {
                super(...args)
                for (const kind of fields) Object.assign(this, { [kind]: declared(kind, {}) })
                Object.assign(this, more)
              }
            }
          const Before = grown([])
          const computed = { total: field.computed('money' as 'text', () => new Money(7) as never) }
          const old = await openDatabase(place, { models: [Before] })
          await old.transaction((db) => db.create(Before, {}))
          await old.close()
          for (const [model, total] of [
            [grown(added), undefined],
            [grown(added, computed), new Money(7)],
          ] as const) {
            const database = await openDatabase(place, { models: [model] })
            const [row] = (await database.transaction((db) => db.query(model, {}))) as unknown as Record<
              string,
              unknown
            >[]
            await database.close()
            for (const kind of added) expect(row?.[kind], kind).to.deep.equal(kindOf({ kind }).nothing?.())
            expect(row?.['total']).to.deep.equal(total)
          }
        } finally {
          await place.remove()
        }
      })
  }
})

describe('A kind of field that is not in the list', () => {
  it('is refused by name, as where another version of the package has declared it', () => {
    class Other extends Model {
      price = new DeclaredField('price' as never, {}, {}) as never
    }
    expect(() => new Database({ models: [Other] })).to.throw('model "Other": price is of the kind "price"')
  })
})
