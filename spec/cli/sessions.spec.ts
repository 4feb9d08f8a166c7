// `isock sessions` and `isock answers`: what they print of a server with a store and of one without, and what they refuse.
import { expect } from 'chai'
import { Action, Client, type Context, inspection, Server } from 'isock'
import { data, field, Model } from 'isock/data'
import { amountOf, durationOf } from '../../lib/cli/amounts.ts'
import { answerTable, ReadProgress, sessionTable } from '../../lib/cli/sessions-command.ts'
import { stores, type TestStore } from '../data/stores.ts'
import { type CommandOutcome, runCommand } from '../setup/run-command.ts'

class Note extends Model {
  text = field.text()
}

class Write extends Action {
  static override transactional = true

  async action(text: string, { db }: Context): Promise<string> {
    await db.create(Note, { text })
    return `wrote ${text}`
  }
}

class Echo extends Action {
  action = (text: string): string => text
}

const linesOf = ({ stdout }: CommandOutcome): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

for (const kind of stores)
  describe(`isock sessions and isock answers, ${kind.name}`, function () {
    this.timeout(120_000)
    const hasRows = kind.name !== 'libsql in memory'
    let store: TestStore
    let server: Server
    let address: string
    let client: Client

    before(async function () {
      store = await kind.make(this)
      const features = [
        data({ models: [Note], maxConnections: 3, ...store.options }),
        inspection({ requires: () => true }),
      ]
      server = new Server('localhost', 0, { features })
      server.addAction(new Echo())
      if (hasRows) server.addAction(new Write())
      await server.listen()
      address = server.addresses[0] as string
      client = new Client(address, { name: 'till\u001b[2J 7' })
      if (hasRows) await client.runAction('Write', 'private')
      else await client.runAction('Echo', 'private')
    })

    after(async () => {
      await client?.close()
      await server?.shutdown({ graceMs: 0 })
      await store?.remove()
    })

    it('print a table, and whether sessions are recorded', async () => {
      const { code, stdout, stderr } = await runCommand(['sessions', address])
      expect(code).to.equal(0)
      const [heading, ...rows] = stdout.trimEnd().split('\n')
      expect(heading).to.match(/^SESSION +PLACE +IDENTITY +NAME +NODE +GENERATION +AGE +AWAY +RUNNING +ANSWERS +SIZE$/)
      const row = rows.find((each) => each.startsWith(client.sessionId.slice(0, 16)))
      const [, place, identity] = row?.split(/ {2,}/) ?? []
      expect([place, identity]).to.deep.equal(['connected', '-'])
      // A client chooses its name.
      expect(row).to.include('till\\x1b[2J 7')
      expect(stdout).to.not.include('\u001b').and.not.include(client.sessionId)
      if (hasRows) expect(stderr).to.match(/^this server is node [0-9a-f]{8}\n$/)
      else
        expect(stderr).to.equal('this server records no sessions: these are in its memory, and end with its process\n')
    })

    it('print the calls of one, without their values', async () => {
      const { code, stdout, stderr } = await runCommand(['answers', address, client.sessionId.slice(0, 16)])
      expect([code, stderr]).to.deep.equal([0, ''])
      const [heading, row = ''] = stdout.split('\n')
      expect(heading).to.match(/^CALL +SLOT +ACTION +STATE +OUTCOME +SIZE +WHERE +AGE$/)
      const [call, slot, ...cells] = row.split(/ {2,}/)
      expect(Number(call) % 1_024).to.equal(Number(slot))
      const name = hasRows ? 'Write' : 'Echo'
      expect(cells.slice(0, 3)).to.deep.equal([name, 'answered', 'value'])
      expect(cells[4]).to.equal(hasRows ? 'store' : 'memory')
      expect(stdout).to.not.include('private')
    })

    it('print JSON lines, and what follows', async () => {
      const lines = linesOf(await runCommand(['sessions', address, '--json', '--limit', '1']))
      expect(lines.map((line) => line['kind'])).to.deep.equal(['item', 'result'])
      const [item, result] = lines.map((line) => line['json'] as Record<string, unknown>)
      expect(item?.['id']).to.match(/^[0-9a-f]{16}$/)
      expect(result).to.include({ isRecording: hasRows, next: item?.['id'] })
      const rest = linesOf(await runCommand(['sessions', address, '--json', '--after', String(item?.['id'])]))
      expect(rest.at(-1)?.['json']).to.not.have.property('next')
      const ids = rest.slice(0, -1).map((line) => (line['json'] as { id: string }).id)
      expect(ids).to.not.include(item?.['id'])
      const answers = linesOf(await runCommand(['answers', address, client.sessionId, '--json']))
      expect(answers.at(-1)?.['json']).to.deep.equal({ session: client.sessionId.slice(0, 16) })
      expect(answers[0]?.['json']).to.include({ state: 'answered', outcome: 'value' })
    })

    it('say that there are more than were asked for', async () => {
      const { stdout, stderr } = await runCommand(['sessions', address, '--limit', '1'])
      const id = stdout.split('\n')[1]?.slice(0, 16)
      expect(stderr).to.include(`there are more: use --after ${id}, or --limit\n`)
    })

    it('refuse what is no session before they connect, and say of one that there is none', async () => {
      for (const session of ['', '1234567', 'XYZ45678', `${'0'.repeat(33)}`, "12345678' or 1=1"]) {
        const { code, stdout, stderr } = await runCommand(['answers', 'localhost:1', session])
        expect([code, stdout], session).to.deep.equal([2, ''])
        expect(stderr).to.match(/^isock: <session>: expected 8 to 32 hexadecimal digits of a session/)
      }
      expect(await runCommand(['sessions', 'localhost:1', '--after', 'x'])).to.include({ code: 2, stdout: '' })
      expect(await runCommand(['sessions', address, '--limit', '0'])).to.include({ code: 2, stdout: '' })
      const unknown = await runCommand(['answers', address, 'ffffffffffffffff'])
      expect([unknown.code, unknown.stdout]).to.deep.equal([1, ''])
      expect(unknown.stderr).to.include('no session begins with "ffffffffffffffff"')
    })
  })

describe('isock sessions', () => {
  it('says of a server that shows none to clients which ones do', async () => {
    const server = await new Server('localhost', 0).listen()
    const { code, stdout, stderr } = await runCommand(['sessions', server.addresses[0] as string])
    await server.shutdown({ graceMs: 0 })
    expect([code, stdout]).to.deep.equal([1, ''])
    expect(stderr).to.match(/^isock: this server shows its sessions to no client: `isock server` and `isock start` do/)
  })

  it('says that there is nothing, where there is nothing', () => {
    expect(sessionTable([])).to.equal('no sessions\n')
    expect(answerTable('0123456789abcdef', [])).to.equal('session 0123456789abcdef keeps no answers\n')
  })

  it('says on a terminal how many it has read, while there are more', () => {
    const written: string[] = []
    const write = (text: string): boolean => written.push(text) > 0
    const progress = new ReadProgress('sessions', { isTTY: true, columns: 80, rows: 24, write: write as never })
    progress.add(499)
    expect(written).to.deep.equal([])
    progress.add(500)
    expect(written.at(-1)).to.include('999 sessions read')
    progress.clear()
    expect(written.at(-1)).to.equal('\r\u001b[J')
    const piped = new ReadProgress('sessions', { write: write as never })
    piped.add(1_000)
    expect(written).to.have.length(2)
  })

  it('shows amounts in units that fit them', () => {
    expect([0, 1, 1_023, 1_024, 1_536, 5 * 1_024 ** 2, 3 * 1_024 ** 4].map(amountOf)).to.deep.equal([
      '0 bytes',
      '1 byte',
      '1023 bytes',
      '1.0 KiB',
      '1.5 KiB',
      '5.0 MiB',
      '3072.0 GiB',
    ])
    const times = [undefined, 0, 999, 1_000, 59_999, 60_000, 3_600_000, 90_000_000]
    expect(times.map(durationOf)).to.deep.equal(['-', '0 ms', '999 ms', '1 s', '59 s', '1 min', '1 h', '1 d'])
  })
})
