// Puts a server through one case and judges it: what came back, how soon, how long the server stood still for it, what
// it holds then, and whether the honest client was served in the meantime.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { waitFor } from '../../setup/wait-for.ts'
import type { HonestClient, Served } from '../honest-client.ts'
import type { RawPeer } from '../raw-peer.ts'
import type { ChildServer } from './child-server.ts'
import { type HostileCase, Scene } from './hostile-case.ts'

/** From the arrival of the last byte to the answer, and for the server's longest standstill; see `slowness`. */
const answerMs = 50
/** What `slowness` times, on the machine for which `answerMs` was set. */
const usualReadMs = 20
const growthBytes = 16 * 1024 * 1024
/**
 * A machine that is busy with others may be slow once or twice; a server that is slow is so each time. A standstill
 * of more than all its time on the processor was not its own work: what is above that is allowed beside.
 */
const attempts = 3
/** Between them, so that what keeps the machine busy can pass. */
const pauseMs = 300

export interface Verdict {
  readonly answeredMs: number
  readonly blockedMs: number
  readonly grownBytes: number
  readonly slowestHonestMs: number
}

/** The worst of several cases, for people: each figure with the case that it is of. */
export function describeWorst(verdicts: ReadonlyMap<string, Verdict>): string {
  const worst = (what: string, figure: (verdict: Verdict) => number, unit: string): string => {
    const [name, verdict] = [...verdicts].reduce((one, other) => (figure(other[1]) > figure(one[1]) ? other : one))
    return `        at most ${what} ${figure(verdict).toFixed(1)} ${unit} (${name})`
  }
  return [
    worst('answered after', (verdict) => verdict.answeredMs, 'ms'),
    worst('stood still for', (verdict) => verdict.blockedMs, 'ms'),
    worst('held', (verdict) => verdict.grownBytes / 1024 / 1024, 'MB more'),
    worst('an honest call took', (verdict) => verdict.slowestHonestMs, 'ms'),
  ].join('\n')
}

/** Rejects where the server fails: by a wrong answer or memory at once, by time when it was late in every attempt. */
export async function tryCase(server: ChildServer, honest: HonestClient, hostile: HostileCase): Promise<Verdict> {
  for (let attempt = 1; ; attempt++) {
    const { verdict, allowedMs, allowedBlockMs } = await tryOnce(server, honest, hostile)
    const isInTime = verdict.answeredMs <= allowedMs && verdict.blockedMs <= allowedBlockMs
    if (isInTime) return verdict
    if (attempt < attempts) {
      await sleep(attempt * pauseMs)
      continue
    }
    expect(verdict.answeredMs, 'ms until the answer').to.be.at.most(allowedMs)
    expect(verdict.blockedMs, 'ms for which the server stood still').to.be.at.most(allowedBlockMs)
  }
}

/** How many times longer this machine takes just now, at least 1, for a text of a million numbers. */
function slowness(): number {
  const text = `[${'0,'.repeat(1_000_000)}0]`
  const startedAt = performance.now()
  JSON.parse(text)
  return Math.max(1, (performance.now() - startedAt) / usualReadMs)
}

async function tryOnce(server: ChildServer, honest: HonestClient, hostile: HostileCase) {
  const scene = new Scene(server.address)
  try {
    const peer = hostile.as === 'guest' ? await scene.guest(hostile.hello) : await scene.stranger()
    await hostile.before?.(peer, scene)
    const before = await server.ask('begin')
    // What a newcomer's entry and an ordinary call take on this machine just now; their share is not the attack's.
    const enteredAt = performance.now()
    await scene.guest()
    const usualMs = performance.now() - enteredAt + (await honest.call('before'))
    const served: Served<number> = await honest.isServedDuring(() => act(hostile, peer, scene))
    const { blockedMs, cpuMs } = await server.ask('end')
    // While the peers are still there: what goes with them was held all the same. Byte arrays are given back late.
    const grownBytes = await waitFor(
      async () => {
        const grown = (await server.ask('end')).heldBytes - before.heldBytes
        return grown < growthBytes ? { grown } : undefined
      },
      { what: `the server to hold less than ${growthBytes} bytes more` },
    ).then(({ grown }) => grown)
    await hostile.after?.(peer, scene)
    const slowestHonestMs = served.slowestMs
    const verdict: Verdict = { answeredMs: served.value, blockedMs, grownBytes, slowestHonestMs }
    const allowedBlockMs = answerMs * slowness() + Math.max(0, blockedMs - cpuMs)
    return { verdict, allowedBlockMs, allowedMs: allowedBlockMs + usualMs + (hostile.limitMs ?? 0) }
  } finally {
    scene.close()
  }
}

/** Gives the time from the arrival of the last byte to the answer. */
async function act({ does, then }: HostileCase, peer: RawPeer, scene: Scene): Promise<number> {
  if (typeof does === 'function') await does(peer, scene)
  else if (does instanceof Uint8Array) peer.socket.write(does)
  else peer.send(...does)
  // Answered before all was sent: that is no wait either.
  await waitFor(() => peer.socket.writableLength === 0 || peer.isClosed, { what: 'the bytes to be taken' })
  const arrivedAt = performance.now()
  await then(peer, scene)
  return performance.now() - arrivedAt
}
