// `isock data`: as processes of their own, on a file.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { Database } from 'isock/data'
import { Paper } from '../data/paper.ts'
import { compiled } from '../setup/compiled.ts'
import { longIt } from '../setup/long.ts'
import { type Ended, type RunningScript, startScript } from '../setup/run-script.ts'
import { waitFor } from '../setup/wait-for.ts'

const models = compiled('spec/cli/modules/data-models.ts')

describe('isock data', function () {
  this.timeout(120_000)
  let directory: string
  let url: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-cli-data-'))
    url = `file:${join(directory, 'store.db')}`
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  const run = (args: readonly string[], input = ''): Promise<Ended> =>
    startScript('lib/cli/main.ts', { args: ['data', ...args], input, env: { ISOCK_DATA_URL: url } }).ended

  longIt('migrates, after it has told what it would do', async () => {
    const dry = await run(['migrate', models, '--dry-run'])
    expect(dry).to.include({ code: 0 })
    expect(dry.stdout)
      .to.match(/create table .Member/)
      .and.to.match(/create table .Club/)
    expect(dry.stderr).to.equal('dry run, nothing was changed\n')
    const real = await run(['migrate', models])
    expect(real.stdout).to.equal(dry.stdout)
    expect((await run(['migrate', models])).stderr).to.equal('nothing to do\n')
  })

  longIt('keeps the URL, in which there may be a password, from modules and what they start', async () => {
    await run(['migrate', models])
    const input = "db.count(Member)\n'ISOCK_DATA_URL' in process.env\n"
    expect((await run(['shell', models], input)).stdout).to.equal('0\nfalse\n')
  })

  longIt('imports, shows and exports', async () => {
    await writeFile(join(directory, 'Club.csv'), 'pk,name\r\nc1,red\r\n')
    await writeFile(join(directory, 'Member.csv'), 'pk,email,club\r\nm1,=ann,c1\r\nm2,bob,\r\n')
    const imported = await run(['import', directory, models, '--format', 'csv'])
    expect(imported).to.deep.include({
      code: 0,
      stderr: `Member: 2 rows\nClub: 1 rows\n3 rows loaded from ${directory}\n`,
    })
    const shell = await run(
      ['shell', models],
      "await db.count(Member)\ndb.query(Member, { 'club.name': 'red' })\nnope()\ndb.get(Member, 'x')\ndb.count(Member, { email: or(contains('ann'), eq('no one')) })\n1 + 1\n",
    )
    expect(shell.stdout).to.match(/^2\n/).and.to.include("email: '=ann'").and.to.include('nope is not defined')
    expect(shell.stdout)
      .to.include('there is no Member')
      .and.to.match(/\n1\n2\n$/)
    const exported = await run(['export', join(directory, 'out'), models, '--format', 'csv'])
    expect(exported.stderr).to.include('3 rows of 2 models written')
    expect(await readFile(join(directory, 'out', 'Member.csv'), 'utf8')).to.include('"\'=ann"')
  })

  longIt('leaves out columns that no field has where that is asked for, and says which', async () => {
    await writeFile(join(directory, 'Club.csv'), 'pk,name,founded\nc1,red,1899\n')
    const refused = await run(['import', directory, models, '--format', 'csv'])
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('column founded: Club has no such field')
    const imported = await run(['import', directory, models, '--format', 'csv', '--ignore-unknown'])
    expect(imported).to.deep.include({
      code: 0,
      stderr: `Club: 1 rows\nClub.csv: ignored columns without a field: founded\n1 rows loaded from ${directory}\n`,
    })
  })

  longIt('computes the computed fields of all rows again where that is asked for', async () => {
    const computed = join(directory, 'pages.mjs')
    const source = (slug: string): string =>
      `import { field, Model } from ${JSON.stringify(pathToFileURL(compiled('lib/data.ts')).href)}
export class Page extends Model {
  title = field.text()
  slug = field.computed('text', ({ title }) => ${slug})
}
`
    await writeFile(computed, source('title'))
    await run(['migrate', computed])
    await run(['shell', computed], "db.create(Page, { title: 'a' })\n")
    await writeFile(computed, source("title + '!'"))
    expect((await run(['migrate', computed])).stderr).to.equal('nothing to do\n')
    const again = await run(['migrate', computed, '--recompute'])
    expect(again.stderr).to.include('Page.slug: was computed for the existing rows\n')
    expect((await run(['shell', computed], "db.count(Page, { slug: 'a!' })\n")).stdout).to.equal('1\n')
  })

  longIt('names what is wrong with a file, and loads nothing', async () => {
    await writeFile(join(directory, 'Member.json'), '[\n{"pk":"m1","email":"a"},\n{"pk":"m2","email":7}\n]\n')
    const failed = await run(['import', directory, models])
    expect(failed.code).to.equal(1)
    expect(failed.stderr).to.equal(
      'isock: Member, row 2, column email: expected a text (without NUL and unpaired surrogates), got 7\n',
    )
    expect((await run(['shell', models], 'db.count(Member)\n')).stdout).to.equal('0\n')
  })

  longIt('does not take a directory without files for an empty store', async () => {
    const failed = await run(['import', join(directory, 'none'), models])
    expect(failed.code).to.equal(1)
    expect(failed.stderr).to.include('none has no file for any model: ').and.to.include('Member.json')
  })

  describe('that is interrupted', () => {
    const large = compiled('spec/data/paper.ts')
    const content = 'lorem ipsum '.repeat(10_000)
    const begin = (args: readonly string[]): RunningScript =>
      startScript('lib/cli/main.ts', { args: ['data', ...args], env: { ISOCK_DATA_URL: url } })

    longIt('has written nothing where it exports, and says so by its exit code', async () => {
      const out = join(directory, 'out')
      const database = await new Database({ models: [Paper], url }).open()
      try {
        await database.migrate()
        expect(await run(['export', out, large])).to.include({ code: 0 })
        await database.transaction(async (db) => {
          for (let at = 0; at < 600; at++) await db.create(Paper, { title: `${at}`, content })
        })
      } finally {
        await database.close()
      }
      const exporting = begin(['export', out, large])
      await waitFor(async () => (await readdir(out)).length > 1, { timeoutMs: 15_000, what: 'the file that it writes' })
      exporting.kill('SIGINT')
      expect(await exporting.ended).to.include({ code: 130 })
      expect(await readdir(out)).to.deep.equal(['Paper.json'])
      expect(await readFile(join(out, 'Paper.json'), 'utf8')).to.equal('[]\n')
    })

    longIt('has loaded nothing where it imports, and says so by its exit code', async () => {
      const rows = Array.from({ length: 600 }, (_, at) => ({ pk: `p${at}`, title: `${at}`, content }))
      await writeFile(join(directory, 'Paper.json'), JSON.stringify(rows))
      const importing = begin(['import', directory, large])
      const log = join(directory, 'store.db-wal')
      await waitFor(async () => ((await stat(log).catch(() => undefined))?.size ?? 0) > 4_000_000, {
        timeoutMs: 15_000,
        what: 'the rows that it writes',
      })
      importing.kill('SIGINT')
      expect(await importing.ended).to.include({ code: 130 })
      const database = await new Database({ models: [Paper], url }).open()
      try {
        expect(await database.transaction((db) => db.count(Paper))).to.equal(0)
      } finally {
        await database.close()
      }
    })
  })

  longIt('keeps to the bounds that a module exports with its store', async () => {
    const { stdout } = await startScript('lib/cli/main.ts', {
      args: ['data', 'shell', compiled('spec/data/child/bounded-data.ts')],
      input: 'await database.migrate(), 0\ndb.query(Paper, {}, { limit: 2 })\n',
      env: { ISOCK_DATA_URL: undefined, SPEC_DATA_URL: url },
    }).ended
    expect(stdout).to.include('limit: expected at most 1, got 2')
  })

  longIt('says how it is used', async () => {
    const noUrl = await startScript('lib/cli/main.ts', {
      args: ['data', 'migrate', models],
      env: { ISOCK_DATA_URL: undefined },
    }).ended
    expect(noUrl).to.deep.include({
      code: 2,
      stderr: 'isock: which store? Give --url, or ISOCK_DATA_URL, or let a module export data = { url }\n',
    })
    expect((await run(['migrate', models, '--url', 'mysql://u:secret@h/d'])).stderr).to.not.include('secret')
    expect((await run(['migrate', 'spec/cli/modules/none.ts'])).code).to.equal(2)
    const echo = compiled('shared-actions/echo.ts')
    expect((await run(['migrate', echo])).stderr).to.equal(`isock: no model is exported by ${echo}\n`)
    const help = (await run(['--help'])).stdout
    for (const name of ['migrate', 'shell', 'export', 'import', 'ISOCK_DATA_URL']) expect(help).to.include(name)
  })
})
