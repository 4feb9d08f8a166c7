// What a hostile case is: who does what, and what must come back. How it is judged is trial.ts.
import { expect } from 'chai'
import { type Frame, type HelloFrame, Kind } from '../../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { arenaActions } from '../arena-actions.ts'
import { RawPeer } from '../raw-peer.ts'

/** What comes back: settles when it did, rejects when something else did. */
export type Outcome = (peer: RawPeer, scene: Scene) => Promise<unknown>

export interface HostileCase {
  readonly name: string
  /** A guest was let in and has introduced the arena's actions; a stranger has only connected. */
  readonly as: 'stranger' | 'guest'
  /** What a guest says of itself. */
  readonly hello?: Partial<HelloFrame>
  /** What comes before: it is not measured. */
  readonly before?: (peer: RawPeer, scene: Scene) => unknown
  /** What is hostile: frames or bytes in one piece, or whatever a function does. */
  readonly does: readonly Frame[] | Uint8Array | ((peer: RawPeer, scene: Scene) => unknown)
  readonly then: Outcome
  /** Looked at when the answer has come; not measured. */
  readonly after?: Outcome
  /** Where a time limit refuses: that limit, which is what its answer may take beside the usual time. */
  readonly limitMs?: number
}

/** Opens the raw peers of one case, and closes them. */
export class Scene {
  readonly address: string
  readonly #peers: RawPeer[] = []

  constructor(address: string) {
    this.address = address
  }

  async stranger(): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.address)
    this.#peers.push(peer)
    return peer
  }

  async guest(hello: Partial<HelloFrame> = {}): Promise<RawPeer> {
    const peer = await this.stranger()
    await peer.enter(hello)
    peer.introduce(...arenaActions)
    await peer.isServed()
    return peer
  }

  close(): void {
    for (const peer of this.#peers) peer.close()
  }
}

/** The link is closed, without a word. */
export const closed: Outcome = (peer) => peer.closed()

/** Nothing is said to it, and the link goes on. */
export const goesOn: Outcome = (peer) => peer.isServed()

/** REFUSED with this code, and the link is closed. */
export function refusedAs(code: string): Outcome {
  return async (peer) => {
    expect((await peer.refusal()).code).to.equal(code)
    await peer.closed()
  }
}

/** The call is answered with FAILURE of this code; whether it says that it never started. */
export function failsAs(code: string, seq: number, notStarted = true): Outcome {
  return async (peer) => {
    const { frame, error } = await peer.failure(seq)
    expect([error.code, frame.notStarted]).to.deep.equal([code, notStarted])
  }
}

/** The call is answered with RESULT, so many times. */
export function answers(seq: number, times = 1): Outcome {
  return (peer) =>
    waitFor(() => peer.all(Kind.Result, seq).length === times, {
      what: `${times} results of call ${seq}`,
      timeoutMs: 5_000,
    })
}

/** WELCOME, for a session of its own. */
export const welcomedAnew: Outcome = async (peer) => {
  expect((await peer.next(Kind.Welcome)).resumed).to.equal(false)
}

/** A case of a guest. */
export function guest(
  name: string,
  does: HostileCase['does'],
  then = closed,
  before?: HostileCase['before'],
): HostileCase {
  return { name, as: 'guest', does, then, ...(before && { before }) }
}

export function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}
