// Thousands of connections that never say who they are: few are kept, the others are refused at once, and whoever was
// let in before is served all the time.
import { execFileSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { longIt } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { HonestClient } from '../honest-client.ts'
import { ChildServer } from './child-server.ts'
import { hastyLimits } from './small-limits.ts'

const wanted = 3_000
const maxUnauthenticatedLinks = 1_024
const growthBytes = 16 * 1024 * 1024
/** What else this process has open: files, pipes, other sockets. */
const spareFiles = 200
/** Connected at once, so that the kernel's queue of connections does not overflow. */
const atOnce = 100

/** How many sockets this process may open. */
function fileLimit(): number {
  const told = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  return told === 'unlimited' ? Number.POSITIVE_INFINITY : Number(told)
}

class Crowd {
  readonly #open = new Set<Socket>()
  readonly #port: number

  constructor(address: string) {
    this.#port = Number(new URL(address).port)
  }

  /** Those that the server has not closed. */
  get size(): number {
    return this.#open.size
  }

  async grow(count: number): Promise<void> {
    for (let opened = 0; opened < count; opened += atOnce) {
      await Promise.all(Array.from({ length: Math.min(atOnce, count - opened) }, () => this.#connect()))
    }
  }

  disperse(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async #connect(): Promise<void> {
    const socket = connect({ port: this.#port, host: '127.0.0.1' })
    this.#open.add(socket)
    socket.on('error', () => undefined)
    // Reads, so that it is told of the end.
    socket.resume()
    socket.on('close', () => this.#open.delete(socket))
    await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))
  }
}

describe('Hostile peers: a crowd of strangers, against a process of 128 MB', function () {
  this.timeout(120_000)
  const count = Math.min(wanted, fileLimit() - spareFiles)
  let server: ChildServer
  let honest: HonestClient
  let crowd: Crowd

  beforeEach(async () => {
    server = await ChildServer.start({ ...hastyLimits, maxUnauthenticatedLinks, handshakeTimeoutMs: 5_000 })
    honest = await HonestClient.connect(server.address)
    crowd = new Crowd(server.address)
  })

  afterEach(async () => {
    crowd.disperse()
    await honest.close()
    await server.end()
  })

  longIt(`of ${count} connections keeps ${maxUnauthenticatedLinks}, and serves`, async () => {
    const before = await server.ask('begin')
    const { slowestMs, calls } = await honest.isServedDuring(async () => {
      await crowd.grow(count)
      await waitFor(() => crowd.size === Math.min(count, maxUnauthenticatedLinks), {
        what: 'those that are too many to be refused',
        timeoutMs: 5_000,
      })
    })
    const { blockedMs } = await server.ask('end')
    const grown = await waitFor(
      async () => {
        const bytes = (await server.ask('end')).heldBytes - before.heldBytes
        return bytes < growthBytes ? { bytes } : undefined
      },
      { what: 'the server to hold less than 16 MB more' },
    )
    console.log(
      `        ${count} connections: ${(grown.bytes / 1024 / 1024).toFixed(1)} MB more for ${crowd.size}, stood still ` +
        `for ${blockedMs.toFixed(1)} ms; the slowest of ${calls} honest calls took ${slowestMs.toFixed(1)} ms`,
    )
    crowd.disperse()
    // Room again: a newcomer is let in.
    await waitFor(async () => {
      const late = await HonestClient.connect(server.address)
      await late.call('late')
      await late.close()
      return true
    })
    await waitFor(async () => (await server.ask('begin')).sessions === 1, { what: 'the crowd to be forgotten' })
    expect(server.isAlive).to.equal(true)
  })
})
