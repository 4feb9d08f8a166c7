// What uploads leave whose process is ended: it is gone when the gateway opens again, and nothing else is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { removeLeftParts } from '../../../lib/gateways/igor/part-files.ts'
import { compiled } from '../../setup/compiled.ts'
import { longIt } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld } from './igor-world.ts'

const partName = `.${'0a'.repeat(12)}.part`
const twoHoursAgo = new Date(Date.now() - 2 * 3_600_000)

describe('The Igor gateway: what uploads left', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let root: string

  beforeEach(() => {
    world = new IgorWorld()
    root = join(world.folder, 'root')
    mkdirSync(root)
  })

  afterEach(() => world.close())

  const make = (path: string, isOld = true): string => {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, 'half of it')
    if (isOld) utimesSync(file, twoHoursAgo, twoHoursAgo)
    return file
  }
  const start = (files: object = { write: true }) => world.start(() => undefined, { files: { root, ...files } })

  it('is removed, where an upload can have written it', async () => {
    const left = [partName, `sub/deep/${partName}`, `.well-known/${partName}`, `.${'f'.repeat(24)}.part`].map((path) =>
      make(path),
    )
    await start()
    await waitFor(() => !left.some((file) => existsSync(file)), { timeoutMs: 8_000, what: 'what was left to go' })
  })

  it('alone: files under way, those of others, hidden directories and what links lead to stay', async () => {
    const others = [`.${'a'.repeat(23)}.part`, `${'a'.repeat(24)}.part`, `.${'A'.repeat(24)}.part`, '.a.part', 'a.txt']
    const kept = [make(`sub/${partName}`, false), make(`.hidden/${partName}`), ...others.map((path) => make(path))]
    const outside = join(world.folder, 'outside')
    mkdirSync(outside)
    kept.push(make(`../outside/${partName}`))
    symlinkSync(outside, join(root, 'link'))
    const link = join(root, `.${'1'.repeat(24)}.part`)
    symlinkSync(join(outside, partName), link)
    lutimesSync(link, twoHoursAgo, twoHoursAgo)
    kept.push(link)
    mkdirSync(join(root, `.${'2'.repeat(24)}.part`))
    kept.push(join(root, `.${'2'.repeat(24)}.part`))
    // `sub` is one of the directories: it is looked through before the promise settles.
    const removed: string[] = []
    const left = make(`sub/.${'3'.repeat(24)}.part`)
    await removeLeftParts({
      root: realpathSync(root),
      staleAfterMs: 3_600_000,
      signal: new AbortController().signal,
      onRemoved: (file) => removed.push(file),
    })
    expect(removed).to.deep.equal([realpathSync(dirname(left)) + left.slice(dirname(left).length)])
    for (const file of kept) expect(existsSync(file), file).to.equal(true)
  })

  it('stays where nothing may be written', async () => {
    const left = make(partName)
    await start({})
    make('a.txt')
    // Longer than the search of one directory takes.
    for (let n = 0; n < 30; n++) expect((await fetch(`${world.url}/files/a.txt`)).status).to.equal(200)
    expect(existsSync(left)).to.equal(true)
  })

  it('does not keep the server from ending, however much there is to look through', async () => {
    for (let n = 0; n < 2_000; n++) mkdirSync(join(root, `${n}`))
    const abort = new AbortController()
    const search = removeLeftParts({ root, staleAfterMs: 0, signal: abort.signal, onRemoved: () => undefined })
    const left = make(`0/${partName}`)
    abort.abort()
    await search
    expect(existsSync(left)).to.equal(true)
  })

  longIt('of a process that was killed in the middle of one is found by the next', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'killed-'))
    const program = compiled('spec/gateways/igor/file-server-child.ts')
    const child = spawn(process.execPath, [program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const { port, host } = new URL(String(line).trim())
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined)
      socket.write(`PUT /files/new.txt HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000\r\n\r\nhalf`)
      await waitFor(() => readdirSync(folder).length === 1, { timeoutMs: 8_000 })
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      socket.destroy()
      const [left] = readdirSync(folder) as [string]
      expect(left).to.match(/\.part$/)
      utimesSync(join(folder, left), twoHoursAgo, twoHoursAgo)
      await start({ root: folder, write: true })
      await waitFor(() => readdirSync(folder).length === 0, { timeoutMs: 8_000, what: 'what was left to go' })
    } finally {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
