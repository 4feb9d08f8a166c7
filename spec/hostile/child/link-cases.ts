// Links: peers that read slowly, write slowly, are half there or not at all. Those that a time limit ends are
// judged by that limit, which the server of these cases has set to some tenths of a second.
import { setTimeout as sleep } from 'node:timers/promises'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { bytesOfFrames } from '../../wire/frame-bytes.ts'
import { refs } from '../arena-actions.ts'
import { callFrame, plainHello, type RawPeer } from '../raw-peer.ts'
import { closed, failsAs, type HostileCase, type Outcome } from './hostile-case.ts'
import { hastyLimits, slots } from './small-limits.ts'

const seq = slots
const kibibyte = 1024

/** Somebody else of the same kind is answered at once: for cases whose peer reads nothing. */
const othersAreServed: Outcome = async (_peer, scene) => (await scene.guest()).isServed()

function withoutReading(name: string, does: (peer: RawPeer) => unknown, then = othersAreServed): HostileCase {
  return { name, as: 'guest', before: (peer) => peer.socket.pause(), does, then }
}

/** Writes again and again, in pieces that the server reads one by one, until the link is closed. */
async function pump(peer: RawPeer, bytes: Uint8Array, times: number): Promise<void> {
  for (let i = 0; i < times && !peer.isClosed; i++) {
    peer.socket.write(bytes)
    await waitFor(() => peer.socket.writableLength === 0 || peer.isClosed)
    await sleep(1)
  }
}

/** Cases for the server with the times that are the default. */
export const patientCases: readonly HostileCase[] = [
  withoutReading('pings without reading the pongs', (peer) => {
    const pings = Buffer.concat(Array.from({ length: 2_000 }, () => bytesOfFrames({ kind: Kind.Ping })))
    peer.socket.write(pings)
  }),
  withoutReading('calls without reading the answers', async (peer) => {
    for (let i = 0; i < slots; i++) peer.call(seq + i, { data: new Uint8Array(200 * kibibyte) })
  }),
  withoutReading('floods of items in all slots, without reading', (peer) => {
    for (let i = 0; i < slots; i++) peer.call(seq + i, { ref: refs.Flood, data: '10000' })
  }),
  {
    name: 'running calls that hold more data than a session may',
    as: 'guest',
    does: (peer) => {
      for (let i = 0; i < 24; i++) peer.call(seq + i, { ref: refs.Hold, data: new Uint8Array(240 * kibibyte) })
    },
    then: failsAs('BUSY', seq + 23),
  },
  {
    name: 'a resume for each tick: twenty links for one session',
    as: 'stranger',
    does: async (peer, scene) => {
      const { sessionId, resumeSecret } = await peer.enter()
      for (let i = 0; i < 20; i++) await (await scene.stranger()).enter({ sessionId, resumeSecret })
    },
    then: closed,
  },
  {
    name: '300 sessions, begun and left',
    as: 'stranger',
    does: async (_peer, scene) => {
      for (let i = 0; i < 300; i += 50) {
        const peers = await Promise.all(Array.from({ length: 50 }, () => scene.stranger()))
        await Promise.all(peers.map((peer) => peer.enter()))
        for (const peer of peers) peer.close()
      }
    },
    then: othersAreServed,
  },
  {
    name: 'a link that is opened and broken, 100 times',
    as: 'stranger',
    does: async (_peer, scene) => {
      for (let i = 0; i < 100; i++) (await scene.stranger()).socket.resetAndDestroy()
    },
    then: othersAreServed,
  },
]

const handshake = { limitMs: hastyLimits.handshakeTimeoutMs as number }
const frameTime = { limitMs: hastyLimits.frameTimeoutMs as number }
const silence = { limitMs: hastyLimits.deadAfterMs as number }

/** A byte now and then, until the link is closed. */
function trickle(bytes: Uint8Array, everyMs: number): Outcome {
  return async (peer) => {
    let at = 0
    const timer = setInterval(() => peer.socket.write(bytes.subarray(at, ++at)), everyMs)
    try {
      await peer.closed()
    } finally {
      clearInterval(timer)
    }
  }
}

/** Cases for the server with the short times. */
export const hastyCases: readonly HostileCase[] = [
  { name: 'a stranger that says nothing', as: 'stranger', does: [], then: closed, ...handshake },
  {
    name: 'a HELLO that trickles in',
    as: 'stranger',
    does: [],
    then: trickle(bytesOfFrames(plainHello), 20),
    ...handshake,
  },
  {
    name: 'a HELLO of which one byte is missing',
    as: 'stranger',
    does: bytesOfFrames(plainHello).subarray(0, -1),
    then: closed,
    ...handshake,
  },
  {
    name: 'a frame that trickles in',
    as: 'guest',
    does: Uint8Array.of(0, 1, 0, 0, 0x97),
    then: trickle(new Uint8Array(1_000), 20),
    ...frameTime,
  },
  { name: 'a length that trickles in', as: 'guest', does: Uint8Array.of(0), then: closed, ...silence },
  { name: 'a guest that says nothing any more', as: 'guest', does: [], then: closed, ...silence },
  {
    name: 'a guest that ends its half and stays',
    as: 'guest',
    does: (peer) => {
      peer.isStubborn = true
      peer.socket.end()
    },
    then: closed,
  },
  {
    name: 'a stranger that ends its half and stays',
    as: 'stranger',
    does: (peer) => {
      peer.isStubborn = true
      peer.socket.end()
    },
    then: closed,
  },
  {
    name: 'one large item in each slot, more than was granted in all',
    as: 'guest',
    does: async (peer) => {
      for (let i = 0; i < slots; i++) {
        peer.send(callFrame(seq + i, { ref: refs.Ignore, inputs: 1 }))
        peer.send({ kind: Kind.Input, seq: seq + i, index: 0, value: new Uint8Array(40 * kibibyte) })
      }
    },
    then: closed,
  },
  {
    name: '200 000 pings, without reading the pongs',
    as: 'guest',
    before: (peer) => peer.socket.pause(),
    does: (peer) => pump(peer, Buffer.concat(Array(2_000).fill(bytesOfFrames({ kind: Kind.Ping }))), 100),
    then: othersAreServed,
  },
]
