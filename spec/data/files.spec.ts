// Tables in files and back: types, formulas, broken files, and a store in memory that is kept in a directory.

import { renameSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { Action, type Context, MemoryNetwork, Server } from 'isock'
import {
  ConflictError,
  type Database,
  type FileFormat,
  type FileProgress,
  InvalidDataError,
  verifyPassword,
} from 'isock/data'
import { createHarness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { anyCharacter } from '../setup/any-character.ts'
import { longIt, sizeOf } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { ChatMessage, models, Team, User } from './models.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

const formats: readonly FileFormat[] = ['json', 'csv']

const text = fc
  .oneof(
    fc.string({ unit: anyCharacter }),
    fc.constantFrom(
      '',
      ' ',
      "'",
      "'=1",
      '=1+1',
      '-1',
      '+1',
      '@a',
      '\t',
      '\r\n',
      '"',
      ',',
      'null',
      'true',
      '1',
      '\uFEFF',
      '\uFF1D1',
    ),
  )
  .filter((each) => !each.includes('\0'))
const person = fc.record({
  name: text,
  age: fc.option(fc.maxSafeInteger()),
  score: fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
  isActive: fc.boolean(),
  joinedAt: fc.date({
    noInvalidDate: true,
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
  }),
  tags: fc.array(text, { maxLength: 3 }),
  settings: fc.option(
    fc
      .jsonValue({ maxDepth: 3 })
      .filter((each) => each !== null && !/\\u(0000|d[89a-f])|__proto__|-0/i.test(JSON.stringify(each))),
  ),
})

for (const kind of stores) {
  describeIn(kind, `Files of ${kind.name}`, function () {
    this.timeout(120_000)
    const bulkIt: typeof longIt = kind === stores[0] ? it : longIt
    let store: TestStore
    let database: Database
    let directory: string

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'isock-files-'))
    })

    afterEach(async () => {
      await rm(directory, { recursive: true, force: true })
      await database.transaction(async (db) => {
        await db.update(Team, {}, { lead: null })
        for (const model of [ChatMessage, User, Team]) await db.drop(model as typeof User, {})
      })
    })

    const all = (): Promise<unknown> =>
      database.transaction(async (db) => ({
        teams: (await db.query(Team, {}, { sort: 'pk' })).map((row) => row.toDict()),
        users: (await db.query(User, {}, { sort: 'pk' })).map((row) => ({ ...row.toDict(), password: row.password })),
        messages: (await db.query(ChatMessage, {}, { sort: 'pk' })).map((row) => row.toDict()),
      }))

    const fill = (people: readonly object[]): Promise<void> =>
      database.transaction(async (db) => {
        const team = await db.create(Team, { name: '=cmd' })
        for (const [at, each] of people.entries()) {
          const user = await db.create(User, { email: `${at}@x`, team: at % 2 === 0 ? team : null, ...each })
          if (at === 0) team.lead = user.pk
          const message = await db.create(ChatMessage, { author: user, content: `${at}` })
          message.replyTo = message.pk
        }
      })

    for (const format of formats) {
      bulkIt(`gives back every value from ${format}, references in circles included`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(person, { maxLength: 4 }), async (people) => {
            await fill(people)
            const before = await all()
            const count = await database.save(directory, { format })
            expect(await database.load(directory, { format, replace: true })).to.equal(count)
            expect(await all()).to.deep.equal(before)
            await database.transaction(async (db) => {
              await db.update(Team, {}, { lead: null })
              for (const model of [ChatMessage, User, Team]) await db.drop(model as typeof User, {})
            })
          }),
          { numRuns: sizeOf({ all: 25, few: 2 }) },
        )
      })

      it(`keeps hashed passwords in ${format}, for this user only, and does not hash them again`, async () => {
        await fill([{ password: 'secret' }])
        await database.save(directory, { format })
        expect((await stat(join(directory, `User.${format}`))).mode & 0o777).to.equal(0o600)
        await database.load(directory, { format, replace: true })
        const user = await database.transaction((db) => db.get(User, { email: '0@x' }))
        expect(await verifyPassword(user.password, 'secret')).to.equal(true)
      })

      it(`loads ${format} beside what is there, or nothing where that is in the way`, async () => {
        await fill([{}, {}])
        await database.save(directory, { format })
        const before = await all()
        const error = await failureOf(database.load(directory, { format }))
        expect(error).to.be.instanceOf(ConflictError)
        expect(await all()).to.deep.equal(before)
      })
    }

    longIt('tells how far it has come', async () => {
      await database.transaction(async (db) => {
        for (let at = 0; at < 1_200; at++) await db.create(Team, { name: `${at}` })
      })
      const seen: FileProgress[] = []
      await database.save(directory, { onProgress: (progress) => seen.push(progress) })
      await database.load(directory, { replace: true, onProgress: (progress) => seen.push(progress) })
      expect(seen.filter(({ model }) => model === 'Team')).to.deep.equal([
        { model: 'Team', done: 100, total: 1_200 },
        { model: 'Team', done: 1_100, total: 1_200 },
        { model: 'Team', done: 1_200, total: 1_200 },
        { model: 'Team', done: 500, total: 1_200 },
        { model: 'Team', done: 1_000, total: 1_200 },
        { model: 'Team', done: 1_200, total: 1_200 },
      ])
    })

    it('tells the end once, also where the last page is full', async () => {
      await database.transaction(async (db) => {
        for (let at = 0; at < 100; at++) await db.create(Team, { name: `${at}` })
      })
      const seen: FileProgress[] = []
      await database.save(directory, { onProgress: (progress) => seen.push(progress) })
      expect(seen.filter(({ model }) => model === 'Team')).to.deep.equal([{ model: 'Team', done: 100, total: 100 }])
      expect(seen).to.have.lengthOf(models.length)
    })

    longIt('loads nothing of a file that changes while it is read', async () => {
      await database.transaction(async (db) => {
        for (let at = 0; at < 1_200; at++) await db.create(Team, { name: `${at}` })
      })
      await database.save(directory, { format: 'csv' })
      const path = join(directory, 'Team.csv')
      const lines = (await readFile(path, 'utf8')).split('\r\n')
      const before = await all()
      const onProgress = ({ model }: FileProgress): void => {
        if (model === 'Team') writeFileSync(path, lines.slice(0, 800).join('\r\n'))
      }
      const error = await failureOf(database.load(directory, { format: 'csv', replace: true, onProgress }))
      expect(error).to.be.instanceOf(InvalidDataError)
      expect(error.message).to.equal(`${path}: it was changed while it was read; nothing was loaded`)
      expect(await all()).to.deep.equal(before)
    })

    it('leaves the old files where a save fails, and nothing beside them', async () => {
      await fill([{}])
      await database.save(directory)
      const before = await readFile(join(directory, 'User.json'), 'utf8')
      await database.transaction((db) => db.update(User, {}, { name: 'changed' }))
      const stop = new Error('stop')
      const onProgress = ({ model }: FileProgress): void => {
        if (model === 'ChatMessage') throw stop
      }
      expect((await failureOf(database.save(directory, { onProgress }))) === stop).to.equal(true)
      expect(await readFile(join(directory, 'User.json'), 'utf8')).to.equal(before)
      expect((await readdir(directory)).sort()).to.deep.equal(['ChatMessage.json', 'Team.json', 'User.json'])
    })

    it('is whole where its process ends while it moves the files', async () => {
      await fill([{}])
      await database.save(directory)
      await database.transaction((db) => db.update(User, {}, { name: 'changed' }))
      // As good as an end: the last file cannot be moved.
      const inTheWay = join(directory, 'ChatMessage.json')
      await rm(inTheWay)
      await mkdir(join(inTheWay, 'x'), { recursive: true })
      await failureOf(database.save(directory))
      await rm(inTheWay, { recursive: true })
      const before = await all()
      await database.load(directory, { replace: true })
      expect(await all()).to.deep.equal(before)
      expect((await readdir(directory)).sort()).to.deep.equal(['ChatMessage.json', 'Team.json', 'User.json'])
    })

    it('moves nothing for a list of files that no save wrote', async () => {
      await writeFile(join(directory, 'other.txt'), 'x')
      const list = ['../x', 'other.txt', 'User.json', '/etc/passwd', 7, `../User.json.${'a'.repeat(12)}.tmp`]
      for (const text of [JSON.stringify(list), '["User.js', 'null']) {
        await writeFile(join(directory, 'isock-save.json'), text)
        await database.load(directory)
        expect(await readdir(directory)).to.deep.equal(['other.txt'])
      }
    })

    it('removes what saves left whose process has ended, and nothing that is young', async () => {
      const [old, young] = ['a', 'b'].map((letter) => `User.json.${letter.repeat(12)}.tmp`) as [string, string]
      for (const name of [old, young]) await writeFile(join(directory, name), '[')
      await utimes(join(directory, old), 0, 0)
      await database.save(directory)
      const names = await readdir(directory)
      expect(names).to.include(young)
      expect(names).to.not.include(old)
    })

    it('loads JSON however it is laid out', async () => {
      await fill([{ name: 'a]}",[{\\' }, { settings: { deep: [[1, { x: '"' }]] } }])
      await database.save(directory)
      const before = await all()
      for (const indent of [undefined, 2, '\t']) {
        for (const { name } of models) {
          const text = await readFile(join(directory, `${name}.json`), 'utf8')
          const rows: unknown = JSON.parse(text.replace('\uFEFF', ''))
          await writeFile(join(directory, `${name}.json`), `\uFEFF \r\n${JSON.stringify(rows, null, indent)}\r\n\n`)
        }
        await database.load(directory, { replace: true })
        expect(await all()).to.deep.equal(before)
      }
    })

    bulkIt('names the row among many that has a value of another one, or refers to nothing', async () => {
      const teams = Array.from({ length: 1_203 }, (_, at) => ({ pk: `t${at}`, name: `n${at}`, lead: null as unknown }))
      const load = () =>
        writeFile(join(directory, 'Team.json'), JSON.stringify(teams)).then(() => database.load(directory))
      const team = teams[1_099] as (typeof teams)[number]
      team.name = 'n3'
      const taken = await failureOf(load())
      expect(taken).to.be.instanceOf(ConflictError).and.to.include({ model: 'Team', field: 'name' })
      expect(taken.message).to.equal('Team, row 1100, column name: another row has this value; nothing was loaded')
      team.name = 'x'
      team.lead = 'nobody'
      const dangling = await failureOf(load())
      expect(dangling).to.be.instanceOf(InvalidDataError).and.to.include({ model: 'Team', field: 'lead', row: 1_100 })
      expect(dangling.message).to.include('there is no User with this pk; nothing was loaded')
      expect(await database.transaction((db) => db.count(Team))).to.equal(0)
      team.lead = null
      expect(await load()).to.equal(1_203)
      teams.splice(0, 600)
      for (const each of teams) each.name += ' again'
      const there = await failureOf(load())
      expect(there.message).to.equal('Team, row 1, column pk: another row has this value; nothing was loaded')
      expect(await database.transaction((db) => db.count(Team))).to.equal(1_203)
    })

    it('does not replace what rows without a file refer to', async () => {
      await fill([{}])
      const before = await all()
      await writeFile(join(directory, 'Team.json'), '[{"pk":"t","name":"other"}]')
      expect(await failureOf(database.load(directory, { replace: true }))).to.be.instanceOf(ConflictError)
      expect(await all()).to.deep.equal(before)
      await database.transaction((db) => db.create(Team, { name: 'next' }))
      expect(await database.transaction((db) => db.count(Team))).to.equal(2)
    })

    longIt('reads to its end the file that it has checked, where another one takes its place', async () => {
      await database.transaction(async (db) => {
        for (let at = 0; at < 600; at++) await db.create(Team, { name: `${at} ${'x'.repeat(2_000)}` })
      })
      await database.save(directory)
      // At once, between two rows.
      const onProgress = (): void => {
        writeFileSync(join(directory, 'new'), '[]')
        renameSync(join(directory, 'new'), join(directory, 'Team.json'))
      }
      expect(await database.load(directory, { replace: true, onProgress })).to.equal(600)
      expect(await database.transaction((db) => db.count(Team))).to.equal(600)
    })

    bulkIt('writes large rows', async () => {
      const length = sizeOf({ all: 3_000_000, few: 70_000 })
      await fill([{ name: 'x'.repeat(length) }, { name: 'y'.repeat(length) }, { name: 'z' }])
      const before = await all()
      for (const format of formats) {
        await database.save(directory, { format })
        await database.load(directory, { format, replace: true })
        expect(JSON.stringify(await all()) === JSON.stringify(before)).to.equal(true)
      }
    })

    it('stops where its signal says so', async () => {
      await fill([{}])
      await database.save(directory)
      const signal = AbortSignal.abort(new Error('stop'))
      expect((await failureOf(database.save(directory, { signal }))).message).to.equal('stop')
      expect((await failureOf(database.load(directory, { signal, replace: true }))).message).to.equal('stop')
      expect(await database.transaction((db) => db.count(User))).to.equal(1)
    })
  })
}

describe('A file for a spreadsheet', function () {
  this.timeout(120_000)
  let database: Database
  let directory: string

  beforeEach(async () => {
    database = await openDatabase({ options: {}, remove: async () => undefined }, { models })
    directory = await mkdtemp(join(tmpdir(), 'isock-files-'))
  })

  afterEach(async () => {
    await database.close()
    await rm(directory, { recursive: true, force: true })
  })

  const cells = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\tx',
    '\rx',
    '\nx',
    '\uFF1D1',
    '\uFF0B1',
    '\uFF0D1',
    '\uFF201',
    "'x",
    "'=1",
  ]
  it('has no cell that is taken for a formula, and all come back as they were', async () => {
    await database.transaction(async (db) => {
      for (const [at, name] of cells.entries()) await db.create(User, { email: `${at}@x`, name, age: -at, score: -0.5 })
    })
    await database.save(directory, { format: 'csv' })
    const lines = (await readFile(join(directory, 'User.csv'), 'utf8')).replace(/^\uFEFF/, '')
    for (const cell of cells) expect(lines).to.include(`"'${cell}"`)
    expect(lines).to.not.match(/(^|,)"?[=+@\t\uFF1D\uFF0B\uFF0D\uFF20]/m)
    await database.load(directory, { format: 'csv', replace: true })
    const names = (await database.transaction((db) => db.query(User, {}, { sort: '-age' }))).map(({ name }) => name)
    expect(names).to.deep.equal(cells)
  })

  it('is read as a spreadsheet saves it: without quotes, TRUE and FALSE, other ends of lines', async () => {
    await writeFile(
      join(directory, 'User.csv'),
      'pk,email,name,age,score,isActive,tags\n1,a@b,,3,1.5,TRUE,"[""x""]"\n2,c@d,"Ann, B",,2,FALSE,[]\n',
    )
    await database.load(directory, { format: 'csv' })
    const rows = (await database.transaction((db) => db.query(User, {}, { sort: 'email' }))).map((row) => row.toDict())
    expect(rows.map(({ pk, name, age, isActive, tags }) => [pk, name, age, isActive, tags])).to.deep.equal([
      ['1', '', 3, true, ['x']],
      ['2', 'Ann, B', null, false, []],
    ])
  })

  it('says nothing of what a broken file has in it', async () => {
    await writeFile(join(directory, 'User.json'), '[\n{"pk":"1","email":"a","password": $argon2id$hush}\n]\n')
    const error = await failureOf(database.load(directory))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message)
      .to.include('row 1')
      .and.to.not.match(/argon|hush/)
  })

  const broken: [string, string, string, object][] = [
    ['csv', '', 'it is empty; expected a header', {}],
    [
      'json',
      '[\n{"pk":"1","email":"a"},\n{"pk":"2","email":"b","age":"x"}\n]\n',
      'User, row 2, column age',
      { row: 2, field: 'age' },
    ],
    ['json', '[\n{"pk":"1","email":"a"},\n{"pk":"2","email":}\n]\n', 'row 2 (line 3) is not JSON', { row: 2 }],
    ['json', '[\n{"pk":"1","email":"a"},\n{"pk":"2","ema', 'row 2 (line 3) is not JSON', { row: 2 }],
    ['json', '{"pk":"1"}', 'expected a list of rows', {}],
    ['json', '[\n{"pk":"1","email":"a"},\n7\n]', 'row 2: expected an object', { row: 2 }],
    ['json', '[\n{"pk":"1","email":"a","nick":1}\n]', 'row 1, column nick: User has no such field', { row: 1 }],
    [
      'json',
      '[\n{"pk":"1","email":"a"},\n{"pk":"1","email":"b"}\n]',
      'User, row 2, column pk: another row has this value',
      {},
    ],
    [
      'json',
      '[\n{"pk":"1","email":"a"},\n{"pk":"2","email":"a"}\n]',
      'User, row 2, column email: another row has',
      { field: 'email' },
    ],
    ['json', '[\n{"pk":"1"}\n]', 'User, row 1, column email: it is missing', { row: 1, field: 'email' }],
    ['json', '[\n{"pk":"1","email":"a","joinedAt":"yesterday"}\n]', 'User, row 1, column joinedAt', { row: 1 }],
    ['json', '[\n{"pk":"1","email":"a","joinedAt":1}\n]', 'User, row 1, column joinedAt', { row: 1 }],
    [
      'json',
      '[\n{"pk":"1","email":"a","team":"none"}\n]',
      'User, row 1, column team: there is no Team',
      { row: 1, field: 'team' },
    ],
    ['csv', 'pk,email,age\n1,a,3\n2,b,x\n', 'User, row 2, column age', { row: 2, field: 'age' }],
    ['csv', 'pk,email,age\n1,a,3\n2,b,1.5\n', 'User, row 2, column age', { row: 2, field: 'age' }],
    ['csv', 'pk,email,age\n1,a,3\n2,b\n', 'row 2: ', { row: 2 }],
    ['csv', 'pk,email,age\n1,"a,3\n2,b,1\n', 'Quote', {}],
    ['csv', 'pk,email,nick\n1,a,3\n', 'the header, column nick: User has no such field', {}],
    ['csv', 'pk,email,email\n1,a,3\n', 'the header: a column occurs twice', {}],
    ['csv', 'pk,email,score\n1,a,0x\n', 'User, row 1, column score', { row: 1 }],
    ['csv', 'pk,email,isActive\n1,a,yes\n', 'User, row 1, column isActive', { row: 1 }],
    ['csv', 'pk,email,tags\n1,a,x\n', 'User, row 1, column tags: expected JSON, got x', { row: 1 }],
    ['csv', 'pk,email,joinedAt\n1,a,2020-01-01\n', 'User, row 1, column joinedAt', { row: 1 }],
  ]
  for (const [format, content, message, fields] of broken) {
    it(`names what is broken in ${format}: ${message}`, async () => {
      await writeFile(
        join(directory, `Team.${format}`),
        format === 'json' ? '[{"pk":"t","name":"red"}]' : 'pk,name\nt,red\n',
      )
      await writeFile(join(directory, `User.${format}`), content)
      const error = await failureOf(database.load(directory, { format: format as FileFormat }))
      expect(error).to.satisfy((each: unknown) => each instanceof InvalidDataError || each instanceof ConflictError)
      expect(error.message).to.include(message)
      expect(error).to.include(fields)
      expect(await database.transaction((db) => db.count(Team))).to.equal(0)
    })
  }

  it('is refused where it is no UTF-8', async () => {
    await writeFile(join(directory, 'User.csv'), Buffer.from([0x70, 0x6b, 0x0a, 0xff, 0xfe]))
    expect((await failureOf(database.load(directory, { format: 'csv' }))).message).to.include('is not UTF-8')
  })

  it('that is not there is an empty one', async () => {
    expect(await database.load(join(directory, 'none'))).to.equal(0)
  })
})

describe('A store in memory with a directory', function () {
  this.timeout(120_000)
  let directory: string

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'isock-files-')), 'data')
  })

  afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }))

  class Add extends Action {
    async action(name: string, { db }: Context): Promise<number> {
      await db.create(Team, { name })
      return db.count(Team)
    }
  }
  const serve = (more: object) =>
    createHarness({ actions: [new Add()], server: { features: [data({ models, directory, ...more })] } })

  for (const format of formats) {
    it(`is there again after a restart, from ${format}`, async () => {
      const first = await serve({ format })
      expect(await first.client.runAction(Add, 'a')).to.equal(1)
      await first.close()
      const second = await serve({ format })
      expect(await second.client.runAction(Add, 'b')).to.equal(2)
      await second.close()
    })
  }

  it('is saved every so often', async () => {
    const harness = await serve({ persist: { everyMs: 20 } })
    await harness.client.runAction(Add, 'a')
    await waitFor(async () => (await readFile(join(directory, 'Team.json'), 'utf8').catch(() => '')).includes('"a"'), {
      timeoutMs: 15_000,
      what: 'the row in the file',
    })
    await harness.close()
  })

  it('is not saved where that is not wanted', async () => {
    const harness = await serve({ persist: false })
    await harness.client.runAction(Add, 'a')
    await harness.close()
    expect(await readFile(join(directory, 'Team.json')).catch(({ code }) => code)).to.equal('ENOENT')
  })

  it('does not start from a broken file, and leaves it as it is', async () => {
    await mkdir(directory)
    await writeFile(join(directory, 'Team.json'), '[{"pk":"1"}]')
    const server = new Server({
      address: 'memory:x',
      network: new MemoryNetwork(),
      features: [data({ models, directory })],
    })
    expect((await failureOf(server.listen())).message).to.include('Team, row 1, column name')
    await server.shutdown()
    expect(await readFile(join(directory, 'Team.json'), 'utf8')).to.equal('[{"pk":"1"}]')
  })

  it('reports what could not be saved, and shuts down', async () => {
    const reported: unknown[] = []
    const harness = await createHarness({
      actions: [new Add()],
      server: { features: [data({ models, directory })], onError: (_error, { origin }) => void reported.push(origin) },
    })
    await writeFile(directory, 'a file')
    await harness.close()
    expect(reported).to.deep.equal([`saving data to ${directory}`])
  })
})
