// The chat of examples/chat, by a client that was written from lexicons' document: its headers and its frames.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { AuthError, Client } from 'isock'
import { type RunningChat, startChat } from '../../../examples/chat/chat-server.ts'
import { CreateChatMessage, GetChatList, GetToken, Public } from '../../../examples/chat/shared.ts'
import { longIt } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { RawClient } from './lexicons-world.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const ada = { email: 'ada@example.org', password: 'analytical engine' }
const patient = { timeoutMs: 10_000 }

describe('the chat of the examples', function () {
  this.timeout(120_000)
  let directory: string
  let chat: RunningChat
  const clients: RawClient[] = []
  const natives: Client[] = []

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'isock-chat-spec-'))
    writeFileSync(join(directory, 'index.html'), 'the page')
    chat = await startChat(directory, directory)
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    for (const client of natives.splice(0)) await client.close()
    await chat[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  async function enter(headers: Record<string, object>): Promise<RawClient> {
    const texts = Object.entries(headers).map(([name, value]) => [name, JSON.stringify(value)])
    const client = new RawClient(`${chat.url.replace('http', 'ws')}/lexicons`, Object.fromEntries(texts))
    clients.push(client)
    await client.opened
    return client
  }

  function native(guard: string, value: unknown): Client {
    const client = new Client(chat.address, { credentials: [{ guard, value }] })
    natives.push(client)
    return client
  }

  it('registers, lets in, and takes the frames of a client of lexicons', async () => {
    const writer = await enter({ Register: ada })
    await writer.subscribe('Public')
    const reader = await enter({ LOGIN: ada })
    await reader.subscribe('Public')
    writer.send({ CreateChatMessage: { channel: 'Public', content: 'hello' } })
    await waitFor(() => reader.named('CreateChatMessage').length === 1, patient)
    const [line] = reader.named('CreateChatMessage') as [Record<string, unknown>]
    expect(line).to.include({ author: 'ada', channel: 'Public', content: 'hello' })
    expect(line['timestamp']).to.be.closeTo(Date.now() / 1_000, 60)
    await waitFor(() => writer.named('CreateChatMessage').length === 1, patient)
    reader.send([{ GetChatList: { content__contains: 'ell', timestamp__gt: 0, limit: 5 } }])
    await waitFor(() => reader.named('GetChatList').length === 1, patient)
    expect(reader.named('GetChatList')).to.deep.equal([[line]])
    reader.send([{ GetChatList: { content__contains: 'nobody said that' } }, { GetChatList: { password: 'x' } }])
    await waitFor(() => reader.errors.length === 1, patient)
    expect(reader.named('GetChatList')[1]).to.deep.equal([])
  })

  it('turns away who has no account, with Errors', async function () {
    this.timeout(120_000)
    // Let in before she goes: else it may be that she was never registered.
    const registered = await enter({ Register: ada })
    await registered.subscribe('Public')
    await registered.close()
    const cases: [headers: Record<string, object>, part: string][] = [
      [{}, 'did not accept'],
      [{ Login: { ...ada, password: 'wrong' } }, 'The e-mail or the password is wrong.'],
      [{ Login: { email: 'eve@example.org', password: 'whatever it is' } }, 'The e-mail or the password is wrong.'],
      [{ Login: { token: `${ada.email}.99999999999999.00` } }, 'The e-mail or the password is wrong.'],
      [{ Login: { email: { ne: '' }, password: [] } }, 'not an e-mail'],
      [{ Register: ada }, 'Somebody has this e-mail already'],
      [{ Register: { email: 'eve@example.org', password: 'short' } }, '8 characters'],
    ]
    for (const [headers, part] of cases) {
      const client = await enter(headers)
      expect(await client.waitForClose(`what was shown ${JSON.stringify(headers)}`), part).to.equal(1008)
      expect(client.errors).to.have.length(1)
      expect(client.errors[0]).to.include(part)
    }
  })

  it('is the same chat for a client of isock, which takes a token instead of the password', async () => {
    const reader = await enter({ Register: ada })
    await reader.subscribe('Public')
    const first = native('Login', ada)
    const { token, name } = await first.runAction(GetToken)
    expect(name).to.equal('ada')
    const heard: string[] = []
    const second = native('Login', { token })
    await second.subscribe(Public, (message) => {
      if ('CreateChatMessage' in message) heard.push(message.CreateChatMessage.content)
    }).ready
    const line = await second.runAction(CreateChatMessage, { channel: 'Public', content: 'hi' })
    expect(line.author).to.equal('ada')
    await waitFor(() => heard.length === 1 && reader.named('CreateChatMessage').length === 1, patient)
    expect(reader.named('CreateChatMessage')).to.deep.equal([line])
    for (const wrong of [token.slice(0, -2), `x${token}`, '', 'a.b.c'])
      expect((await outcomeOf(native('Login', { token: wrong }))) instanceof AuthError, wrong).to.equal(true)
    for (const content of ['', ' ', 'x'.repeat(2_001), 5 as never]) {
      const { ok } = await first.runAction(CreateChatMessage, { channel: 'Public', content }).outcome()
      expect(ok).to.equal(false)
    }
  })

  it('keeps accounts and messages while it does not run', async () => {
    const before = native('Register', ada)
    for (const content of ['one', 'two', '=3'])
      await before.runAction(CreateChatMessage, { channel: 'Public', content })
    await before.close()
    await chat[Symbol.asyncDispose]()
    chat = await startChat(directory, directory)
    const lines = await native('Login', ada).runAction(GetChatList, {})
    expect(lines.map(({ author, content }) => `${author}: ${content}`)).to.deep.equal([
      'ada: one',
      'ada: two',
      'ada: =3',
    ])
  })

  longIt('has a page whose TypeScript compiles', () => {
    const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
    const project = join(root, 'examples', 'chat', 'page')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, encoding: 'utf8' })
    expect(stdout).to.equal('')
  })

  async function outcomeOf(client: Client): Promise<unknown> {
    const outcome = await client.runAction(GetToken).outcome()
    return outcome.ok ? outcome.value : outcome.error
  }
})
