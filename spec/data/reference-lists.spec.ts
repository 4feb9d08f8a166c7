// Lists of references: kept in their order, of rows that are there, taken along by hydrate, and asked for.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import {
  ConflictError,
  type CreateData,
  contains,
  type Database,
  type Dictionary,
  field,
  fromLexicons,
  type Hydrated,
  InvalidDataError,
  Model,
  not,
  parseFilter,
} from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class Tag extends Model {
  name = field.text()
  group = field.ref(() => Tag, { optional: true })
}

class Post extends Model {
  title = field.text()
  tags = field.refs(() => Tag)
  related = field.refs(() => Post)
}

for (const kind of stores) {
  describeIn(kind, `Lists of references in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database
    let tags: Tag[]

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Tag, Post] })
    })

    beforeEach(async () => {
      await database.transaction(async (db) => {
        await db.drop(Post, {})
        await db.drop(Tag, {})
        const group = await db.create(Tag, { name: 'g' })
        tags = [await db.create(Tag, { name: 'a', group }), await db.create(Tag, { name: 'b' }), group]
      })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    const [a, b, g] = [() => tags[0] as Tag, () => tags[1] as Tag, () => tags[2] as Tag]
    const postOf = (title: string): Promise<Post> => database.transaction((db) => db.get(Post, { title }))

    it('keep their order and what is in them twice, are made of rows and pks, and are empty by default', async () => {
      await database.transaction(async (db) => {
        await db.create(Post, { title: 'one', tags: [b(), a().pk, b().pk] })
        await db.create(Post, { title: 'two' })
      })
      const [one, two] = [await postOf('one'), await postOf('two')]
      expect([one.tags, two.tags]).to.deep.equal([[b().pk, a().pk, b().pk], []])
      expect(one.toDict().tags).to.deep.equal([b().pk, a().pk, b().pk])
      await database.transaction(async (db) => {
        const row = await db.get(Post, { title: 'two' })
        await db.update(row, { tags: [a()] })
        row.tags.push(b().pk)
      })
      expect((await postOf('two')).tags).to.deep.equal([a().pk, b().pk])
    })

    it('are refused where a row is not there, and nothing of it is kept', async () => {
      await database.transaction(async (db) => {
        const error = await failureOf(db.create(Post, { title: 'x', tags: [a(), 'nobody'] }))
        expect(error).to.be.instanceOf(ConflictError)
        expect(error).to.include({ model: 'Post', field: 'tags' })
        expect(error.message).to.equal('Post.tags: there is no Tag with one of these pks; create it first')
        const row = await db.create(Post, { pk: 'self', title: 'y', tags: [a()], related: ['self'] })
        expect(await failureOf(db.update(row, { tags: ['nobody'] }))).to.be.instanceOf(ConflictError)
        expect(row.tags).to.deep.equal([a().pk])
        // A pk of another model is none of this one.
        expect(await failureOf(db.update(row, { tags: [row.pk] }))).to.be.instanceOf(ConflictError)
        row.tags = ['nobody']
        expect(await failureOf(db.flush())).to.be.instanceOf(ConflictError)
        row.tags = []
      })
      expect(await database.transaction((db) => db.count(Post))).to.equal(1)
      for (const wrong of [
        'a',
        7,
        [7],
        [''],
        [null],
        { 0: 'a' },
        [['a']],
        new Array(10_001).fill('a'),
        null,
      ] as never[]) {
        const error = await failureOf(database.transaction((db) => db.create(Post, { title: 'x', tags: wrong })))
        expect(error).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include('Post.tags')
      }
    })

    it('are asked for the rows that are in them, also by clients', async () => {
      await database.transaction(async (db) => {
        await db.create(Post, { title: 'ab', tags: [a(), b()] })
        await db.create(Post, { title: 'b', tags: [b()] })
        await db.create(Post, { title: 'none' })
      })
      const ask = async (filter: Parameters<typeof parseFilter>[0]): Promise<string[]> => {
        const parsed = parseFilter(filter, Post, { fields: ['tags'] })
        const rows = await database.transaction((db) => db.query(Post, parsed, { sort: 'title' }))
        return rows.map(({ title }) => title)
      }
      expect(await ask({ tags: { contains: b().pk } })).to.deep.equal(['ab', 'b'])
      expect(await ask(fromLexicons({ tags__excludes: a().pk }).filter)).to.deep.equal(['b', 'none'])
      expect(await failureOf(ask({ tags: [b().pk] }))).to.be.instanceOf(InvalidDataError)
      const filter = { tags: not(contains(b().pk)) }
      expect(await database.transaction((db) => db.count(Post, filter))).to.equal(1)
      for (const wrong of ['tags', '-tags'] as const)
        expect(await failureOf(database.transaction((db) => db.query(Post, {}, { sort: wrong })))).to.be.instanceOf(
          InvalidDataError,
        )
    })

    it('are hydrated: dictionaries in their order, their own references too, pks where one would contain itself', async () => {
      const hydrated = await database.transaction(async (db) => {
        const first = await db.create(Post, { title: 'first', tags: [b(), a()] })
        const second = await db.create(Post, { title: 'second', related: [first] })
        await db.update(first, { related: [second, first] })
        return db.hydrate(await db.query(Post, {}, { sort: 'title' }))
      })
      const [first, second] = hydrated as [Hydrated<Post>, Hydrated<Post>]
      const tagDicts = [
        { pk: b().pk, name: 'b', group: null },
        { pk: a().pk, name: 'a', group: { pk: g().pk, name: 'g', group: null } },
      ]
      expect(first.tags).to.deep.equal(tagDicts)
      expect(first.related).to.deep.equal([{ pk: second.pk, title: 'second', tags: [], related: [first.pk] }, first.pk])
      expect(second.related[0]).to.include({ title: 'first' })
      const flat = await database.transaction(async (db) => db.hydrate(await db.get(Post, first.pk), { depth: 0 }))
      expect(flat.tags).to.deep.equal([b().pk, a().pk])
    })

    it('lose a row that is dropped, in the same unit', async () => {
      await database.transaction(async (db) => {
        await db.create(Post, { title: 'one', tags: [b(), a(), b()] })
        await db.create(Post, { title: 'two', tags: [a()] })
      })
      const failed = await failureOf(
        database.transaction(async (db) => {
          await db.drop(await db.get(Tag, b().pk))
          expect((await db.get(Post, { title: 'one' })).tags).to.deep.equal([a().pk])
          throw new Error('it is undone')
        }),
      )
      expect(failed.message).to.equal('it is undone')
      expect((await postOf('one')).tags).to.have.length(3)
      await database.transaction(async (db) => {
        const one = await db.get(Post, { title: 'one' })
        await db.drop(Tag, { name: 'b' })
        expect(one.tags).to.deep.equal([a().pk])
        // The rows of a list may go with it.
        await db.drop(Post, {})
        await db.drop(Tag, { name: 'a' })
      })
      expect(await database.transaction((db) => db.count(Post))).to.equal(0)
    })

    it('leave out what is not there any more, however it went', async () => {
      // Nobody else can take anything out of it.
      if (kind.name === 'libsql in memory') return
      const post = await database.transaction((db) => db.create(Post, { title: 'one', tags: [a(), b()] }))
      await remove(database, b().pk)
      const hydrated = await database.transaction(async (db) => db.hydrate(await db.get(Post, post.pk)))
      expect(hydrated.tags.map((tag) => (tag as Dictionary<Tag>).name)).to.deep.equal(['a'])
      // Only a list that is written is looked at.
      await database.transaction((db) => db.update(Post, {}, { title: 'other' }))
      const written = database.transaction((db) => db.update(Post, {}, { tags: [b().pk] }))
      expect(await failureOf(written)).to.be.instanceOf(ConflictError)
    })

    for (const format of ['json', 'csv'] as const) {
      it(`go into files and come back, and are refused for what is in none: ${format}`, async () => {
        const directory = await mkdtemp(join(tmpdir(), 'isock-lists-'))
        try {
          await database.transaction((db) => db.create(Post, { title: 'one', tags: [b(), a()] }))
          await database.save(directory, { format })
          await database.load(directory, { format, replace: true })
          expect((await postOf('one')).tags).to.deep.equal([b().pk, a().pk])
          const path = join(directory, `Post.${format}`)
          await writeFile(path, (await readFile(path, 'utf8')).replace(a().pk, 'nobody'))
          const error = await failureOf(database.load(directory, { format, replace: true }))
          expect(error).to.be.instanceOf(InvalidDataError)
          expect(error).to.include({ model: 'Post', field: 'tags', row: 1 })
          expect((await postOf('one')).tags).to.have.length(2)
        } finally {
          await rm(directory, { recursive: true, force: true })
        }
      })
    }
  })
}

/** As another program would. */
async function remove(database: Database, pk: string): Promise<void> {
  const { Engine } = await import('../../lib/features/data/engine/engine.ts')
  const { Plans } = await import('../../lib/features/data/plans.ts')
  class Bare extends Model {
    static override modelName = 'Tag'
    name = field.text()
  }
  const engine = await Engine.open(new Plans([Bare]), database.options, undefined)
  try {
    await engine.fork().nativeDelete('Tag' as never, { pk } as never)
  } finally {
    await engine.close()
  }
}

describe('The types of lists of references', () => {
  it('take rows and pks, and know what hydrate gives', () => {
    expectTypeOf<CreateData<Post>['tags']>().toEqualTypeOf<string[] | readonly (string | Tag)[] | undefined>()
    expectTypeOf<Dictionary<Post>['tags']>().toEqualTypeOf<string[]>()
    expectTypeOf<Hydrated<Post>['tags']>().toEqualTypeOf<(string | Hydrated<Tag>)[]>()
    expectTypeOf<Hydrated<Post>['title']>().toEqualTypeOf<string>()
    const make = (_data: CreateData<Post>): void => undefined
    // @ts-expect-error rows of another model
    make({ title: 'x', tags: [null as unknown as Post] })
  })
})
