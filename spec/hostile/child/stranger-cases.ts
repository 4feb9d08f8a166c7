// Before a peer is let in: bombs in its credentials, other protocols, frames at the wrong time, and sessions of others.
import type { WelcomeFrame } from '../../../lib/core/wire/frames/frame.ts'
import { type Frame, type HelloFrame, Kind } from '../../../lib/core/wire/frames/frame.ts'
import { bytesOfFrames, framed, fromHex } from '../../wire/frame-bytes.ts'
import { credentialBombs, helloStart } from '../hostile-bytes.ts'
import { callFrame, plainHello, type RawPeer } from '../raw-peer.ts'
import { closed, type HostileCase, refusedAs, welcomedAnew } from './hostile-case.ts'

const { limits } = plainHello
const secret = new Uint8Array(32)
const welcome = { kind: Kind.Welcome, version: 1, features: 0, sessionId: 'x', resumeSecret: secret, limits } as const

function stranger(name: string, does: HostileCase['does'], then = closed): HostileCase {
  return { name, as: 'stranger', does, then }
}

/** A HELLO whose fields after the kind are these bytes. */
function rawHello(hex: string): Buffer {
  return framed(fromHex(hex))
}

const bombs = credentialBombs.map(([what, hex]) =>
  stranger(`credentials: ${what}`, framed(Buffer.concat([helloStart, fromHex(hex)]))),
)

/** A body with padding, without the padding itself. */
const paddedHelloBytes = bytesOfFrames({ ...plainHello, credentials: { pad: 'x'.repeat(3_000) } }).length - 4 - 3_000
const helloWithout = '01 00 c0 c0 c0 93 01 00 01 80'
const brokenHellos = [
  ['one item too few', rawHello('97 01 01 00 c0 c0 c0 93 01 00 01')],
  ['one item too many', rawHello(`99 01 ${helloWithout} c0`)],
  ['a byte after it', rawHello(`98 01 ${helloWithout} 00`)],
  ['a version that is text', rawHello('98 01 a1 31 00 c0 c0 c0 93 01 00 01 80')],
  ['a version that is a fraction', rawHello('98 01 ca 3f 80 00 01 00 c0 c0 c0 93 01 00 01 80')],
  ['a negative feature set', rawHello('98 01 01 ff c0 c0 c0 93 01 00 01 80')],
  ['limits of nothing', rawHello('98 01 01 00 c0 c0 c0 94 00 00 00 00 80')],
  ['limits that are no list', rawHello('98 01 01 00 c0 c0 c0 80 80')],
  ['more slots than there are', rawHello('98 01 01 00 c0 c0 c0 93 01 ce 00 01 00 01 01 80')],
  ['a list of 2^32 - 1 limits', rawHello('98 01 01 00 c0 c0 c0 dd ff ff ff ff')],
  ['a session id of 513 characters', bytesOfFrames({ ...plainHello, sessionId: 'x'.repeat(513) })],
  ['a secret of 65 bytes', bytesOfFrames({ ...plainHello, sessionId: 'x', resumeSecret: new Uint8Array(65) })],
  ['4 097 bytes', bytesOfFrames({ ...plainHello, credentials: { pad: 'x'.repeat(4_097 - paddedHelloBytes) } })],
].map(([what, bytes]) => stranger(`a HELLO with ${what}`, bytes as Buffer))

const otherFirstFrames: readonly (readonly [string, Frame])[] = [
  ['NAME', { kind: Kind.Name, ref: 0, name: 'Hold', contract: undefined }],
  ['CALL', callFrame(64)],
  ['CANCEL', { kind: Kind.Cancel, seq: 64, reason: 0 }],
  ['ACK', { kind: Kind.Ack, seqs: [64] }],
  ['INPUT', { kind: Kind.Input, seq: 64, index: 0, value: '1' }],
  ['PING', { kind: Kind.Ping }],
  ['DRAIN', { kind: Kind.Drain }],
  ['BYE', { kind: Kind.Bye, isClean: true }],
]

const firstFrames: readonly HostileCase[] = [
  ...otherFirstFrames.map(([kind, frame]) => stranger(`${kind} before HELLO`, [frame])),
  ...otherFirstFrames.slice(0, 2).map(([kind, frame]) => stranger(`${kind} right behind HELLO`, [plainHello, frame])),
  stranger('two HELLOs in one piece', [plainHello, plainHello]),
  stranger('WELCOME to a server', [{ ...welcome, resumed: true }], refusedAs('PROTOCOL')),
  stranger('REFUSED to a server', [{ kind: Kind.Refused, error: '"no"' }], refusedAs('PROTOCOL')),
  stranger('a kind that does not exist', fromHex('00000002 91 7f')),
  stranger('a kind of 2^53 - 1', fromHex('0000000a 91 cf 001fffffffffffff')),
  stranger('a kind of 2^64 - 1', fromHex('0000000a 91 cf ffffffffffffffff')),
  stranger('a first frame of length 0', fromHex('00000000')),
  stranger('a first frame of 4 097 bytes, of which none came', fromHex('00001001')),
  stranger('a first frame of 4 GiB', fromHex('ffffffff')),
  stranger('64 KiB of zeros', new Uint8Array(65_536)),
  stranger('64 KiB of 0xff', new Uint8Array(65_536).fill(0xff)),
  stranger('HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')),
  stranger('a TLS greeting', fromHex('16030100a5010000a10303')),
  stranger('an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n')),
  ...[0, 2, 2 ** 40].map((version) =>
    stranger(`version ${version}`, [{ ...plainHello, version }], refusedAs('PROTOCOL')),
  ),
  stranger('half of a HELLO, then the end', (peer) => {
    peer.isStubborn = true
    peer.socket.end(bytesOfFrames(plainHello).subarray(0, 9))
  }),
]

/** Somebody who knows some, but not all, of what it takes to resume the session of alice. */
function theft(name: string, hello: (right: WelcomeFrame) => Partial<HelloFrame>): HostileCase {
  let owner: RawPeer
  let right: WelcomeFrame
  return {
    name: `session theft: ${name}`,
    as: 'stranger',
    before: async (_peer, scene) => {
      owner = await scene.stranger()
      right = await owner.enter({ credentials: { Believer: 'alice' } })
    },
    does: (peer) => peer.send({ ...plainHello, credentials: { Believer: 'alice' }, ...hello(right) }),
    then: welcomedAnew,
    after: () => owner.isServed(),
  }
}

const thefts: readonly HostileCase[] = [
  theft('without the secret', ({ sessionId }) => ({ sessionId })),
  theft('with an empty secret', ({ sessionId }) => ({ sessionId, resumeSecret: new Uint8Array(0) })),
  theft('with a secret of zeros', ({ sessionId }) => ({ sessionId, resumeSecret: secret })),
  theft('with one bit changed', ({ sessionId, resumeSecret }) => {
    return { sessionId, resumeSecret: resumeSecret.with(31, (resumeSecret[31] as number) ^ 1) }
  }),
  theft('as somebody else', ({ sessionId, resumeSecret }) => {
    return { sessionId, resumeSecret, credentials: { Believer: 'mallory' } }
  }),
  theft('as nobody', ({ sessionId, resumeSecret }) => ({ sessionId, resumeSecret, credentials: {} })),
  theft('of __proto__', ({ resumeSecret }) => ({ sessionId: '__proto__', resumeSecret })),
]

export const strangerCases: readonly HostileCase[] = [...bombs, ...brokenHellos, ...firstFrames, ...thefts]
