// Credentials and metadata from the command line and the environment: what reaches the server, and what errors never show.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Context, Guard, Server } from 'isock'
import { runCommand } from '../setup/run-command.ts'

class Login extends Guard<{ user?: unknown }> {
  override check(value: { user?: unknown } | undefined) {
    return value?.user === 'ada' && { id: 'ada' }
  }
}

class Ticket extends Guard<string> {
  override check(value: string | undefined): boolean {
    return value === undefined || value === 'a=b'
  }
}

describe('Credentials and metadata of a command', () => {
  const directory = mkdtempSync(join(tmpdir(), 'isock-credentials-'))
  const file = join(directory, 'login.json')
  let server: Server
  let address: string

  before(async () => {
    server = new Server('localhost', 0, { guards: [new Login(), new Ticket()] })
    server.addActions({ tell: (_data: unknown, { session, metadata }: Context) => [session.identity?.id, metadata] })
    await server.listen()
    address = server.addresses[0] as string
    writeFileSync(file, '{ "user": "ada" }\n', { mode: 0o600 })
  })

  after(async () => {
    await server.shutdown({ graceMs: 0 })
    rmSync(directory, { recursive: true })
  })

  const tell = (args: string[], env: Record<string, string> = {}) =>
    runCommand(['call', address, 'tell', '--json', ...args], { env })

  const resultOf = ({ stdout }: { stdout: string }): unknown => (JSON.parse(stdout) as { json: unknown }).json

  it('come from the command line, from a file, and from the environment', async () => {
    const ways: [string[], Record<string, string>?][] = [
      [['--credential', 'Login={"user":"ada"}', '--credential', 'Ticket="a=b"']],
      [['--credential', `Login=@${file}`]],
      [[], { ISOCK_CREDENTIALS: '{"Login": {"user": "ada"}}' }],
      // The command line wins over the environment.
      [['--credential', 'Login={"user":"ada"}'], { ISOCK_CREDENTIALS: '{"Login": 1, "Ticket": "a=b"}' }],
    ]
    for (const [args, env] of ways) expect(resultOf(await tell(args, env))).to.deep.equal(['ada', {}])
  })

  it('are those of each call', async () => {
    const args = ['--credential', `Login=@${file}`, '--metadata', 'tenant=acme', '--metadata', 'formula=a=b']
    expect(resultOf(await tell(args))).to.deep.equal(['ada', { tenant: 'acme', formula: 'a=b' }])
  })

  it('let nobody in who presents others', async () => {
    expect((await tell(['--credential', 'Login={"user":"eve"}'])).code).to.equal(4)
    expect((await tell([])).code).to.equal(4)
  })

  it('are never shown in errors', async () => {
    const secret = 'hunter2'
    const wrong: [string[], Record<string, string>?][] = [
      [['--credential', secret]],
      [['--credential', `Login=${secret}`]],
      [['--credential', `${secret}=`]],
      [['--credential', `{"password":"${secret}"}`]],
      [['--credential', 'Login=1', '--credential', `Ticket="${secret}`]],
      [['--credential', `=${secret}`]],
      [['--credential', `Login={"user":"${secret}"}`]],
      [[], { ISOCK_CREDENTIALS: secret }],
      [[], { ISOCK_CREDENTIALS: `["${secret}"]` }],
    ]
    for (const [args, env = {}] of wrong) {
      const { code, stderr, stdout } = await tell(args, { ...env, ISOCK_DEBUG: '1' })
      expect(code, stderr).to.be.oneOf([2, 4])
      expect(stdout + stderr, args.join(' '))
        .to.not.include(secret)
        .and.not.equal('')
    }
  })

  it('say where they are wrong', async () => {
    const { stderr } = await tell(['--credential', 'Login=1', '--credential', 'Ticket={"a": oops}'])
    expect(stderr).to.include('--credential number 2 is not JSON, from character 7 on')
    const bare = await tell(['--metadata', 'tenant'])
    expect(bare.code).to.equal(2)
    expect(bare.stderr).to.include('--metadata: expected key=value, got')
    const key = await tell(['--credential', `Login=@${file}`, '--metadata', 'Te nant=1'])
    expect(key.code).to.equal(2)
    expect(key.stderr).to.include('option metadata: expected keys of')
  })

  it('are not read from a file that others can read', async () => {
    const open = join(directory, 'open.json')
    writeFileSync(open, '{ "user": "ada" }')
    const { code, stderr } = await tell(['--credential', `Login=@${open}`])
    expect(code).to.equal(2)
    expect(stderr).to.include('can be read by others')
  })
})
