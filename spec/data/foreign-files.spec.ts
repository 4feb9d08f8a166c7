// Files that other programs wrote: columns that no field has, and lists as Python writes them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Database, field, InvalidDataError, Model } from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class Player extends Model {
  name = field.text()
  tags = field.list('text', { default: () => [] })
  scores = field.list('number', { default: () => [] })
  settings = field.json<unknown>({ optional: true })
}

class Match extends Model {
  title = field.text()
}

for (const kind of stores) {
  describeIn(kind, `Files of other programs, into ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database
    let directory: string

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Player, Match] })
    })

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'isock-files-'))
    })

    afterEach(() => rm(directory, { recursive: true, force: true }))

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text)
    const players = (): Promise<Player[]> => database.transaction((db) => db.query(Player, {}, { sort: 'name' }))

    it('are loaded without the columns that no field has, and it is said which those are', async () => {
      await write('Player.csv', ',pk,name,domain,old\n0,1,ann,x.org,7\n1,2,bob,y.org,\n')
      await write('Match.csv', 'pk,title\n1,final\n')
      const report = await database.load(directory, { format: 'csv', replace: true, ignoreUnknown: true })
      expect(report).to.deep.equal({
        rows: 3,
        ignored: [{ model: 'Player', file: 'Player.csv', columns: ['', 'domain', 'old'] }],
      })
      expect((await players()).map(({ pk, name }) => [pk, name])).to.deep.equal([
        ['1', 'ann'],
        ['2', 'bob'],
      ])
      const rows = [
        { pk: '3', name: 'cy', domain: 'z' },
        { pk: '4', name: 'di', __proto__x: 1, domain: 'z' },
      ]
      await write('Player.json', JSON.stringify(rows).replace('__proto__x', '__proto__'))
      expect(await database.load(directory, { replace: true, ignoreUnknown: true })).to.deep.equal({
        rows: 2,
        ignored: [{ model: 'Player', file: 'Player.json', columns: ['domain', '__proto__'] }],
      })
      expect((await players()).map(({ name }) => name)).to.deep.equal(['cy', 'di'])
    })

    it('are refused for such a column where that was not asked for, and then say how to', async () => {
      await write('Player.csv', 'pk,name,domain\n1,ann,x\n')
      for (const options of [{}, { ignoreUnknown: false as const }]) {
        const error = await failureOf(database.load(directory, { format: 'csv', replace: true, ...options }))
        expect(error).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include('column domain').and.to.include('ignoreUnknown: true')
      }
    })

    it('are refused for anything else that is wrong, and a known column twice', async () => {
      const options = { format: 'csv', replace: true, ignoreUnknown: true } as const
      for (const [text, part] of [
        ['pk,name,scores,x\n1,ann,[true],2\n', 'row 1, column scores'],
        ['pk,x\n1,2\n', 'column name'],
        ['pk,name,name,x,x\n1,a,b,2,2\n', 'a column occurs twice'],
      ] as const) {
        await write('Player.csv', text)
        const error = await failureOf(database.load(directory, options))
        expect(error).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include(part)
      }
    })

    it('do not fill the memory with names', async () => {
      const rows = Array.from({ length: 3_000 }, (_, at) => ({
        pk: `${at}`,
        name: 'x',
        [`c${at}`.padEnd(500, 'x')]: 1,
      }))
      await write('Player.json', JSON.stringify(rows))
      const { ignored } = await database.load(directory, { replace: true, ignoreUnknown: true })
      expect(ignored[0]?.columns).to.have.length(1_000)
      expect(ignored[0]?.columns[0]).to.have.length(200)
    })

    it('may have lists and dicts as Python writes them', async () => {
      await write(
        'Player.csv',
        [
          'pk,name,tags,scores,settings',
          `1,ann,"['a', 'it''s', ""x's""]","[1, 2.5]","{'dark': True, 'size': None}"`.replace("it''s", 'b'),
          `2,bob,[],"(1,)","['x']"`,
          `3,cy,"[""json""]",[],"{""a"": 1}"`,
        ].join('\n'),
      )
      await database.load(directory, { format: 'csv', replace: true })
      expect((await players()).map(({ tags, scores, settings }) => [tags, scores, settings])).to.deep.equal([
        [['a', 'b', "x's"], [1, 2.5], { dark: true, size: null }],
        [[], [1], ['x']],
        [['json'], [], { a: 1 }],
      ])
    })

    it('have nothing in their cells that is run, or taken for another kind', async () => {
      for (const cell of ["[__import__('os')]", '[1, 2', "['a'] * 9", "{'a', 'b'}", "{'a': 1}", "[1, 'a']"]) {
        await write('Player.csv', `pk,name,tags\n1,ann,"${cell}"\n`)
        const error = await failureOf(database.load(directory, { format: 'csv', replace: true }))
        expect(error, cell).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include('row 1, column tags')
      }
    })
  })
}
