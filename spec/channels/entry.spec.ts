// The door of a channel by itself: whom it lets in, and what becomes of a channel that fails.
import { expect } from 'chai'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { admit, endingUnlessAdmitted, infoOf } from '../../lib/features/channels/entry.ts'
import { Channel, ServerError } from '../../lib/index.ts'
import { failureOf } from '../setup/world.ts'

describe('The door of a channel', () => {
  const session = { id: 'cat' } as ServerSession
  const label = 'channel "News"'
  const broken = new Error('a bug')
  let reported: unknown[]
  const report = (error: unknown, origin: string) => void reported.push([error, origin])

  beforeEach(() => {
    reported = []
  })

  const admitted = (verdict: unknown, signal = new AbortController().signal, key = '') => {
    const asked: unknown[] = []
    class News extends Channel {
      override canSubscribe(...args: unknown[]): never {
        asked.push(...args)
        return verdict as never
      }
    }
    return { admission: admit(new News(), label, session, key, signal), asked }
  }

  it('is open for true alone, said at once or later; it is asked for a room by its key', async () => {
    for (const verdict of [true, Promise.resolve(true)]) await admitted(verdict).admission
    for (const verdict of [false, undefined, 1, 'yes', Promise.resolve(false), Promise.resolve('yes')])
      expect(await failureOf(admitted(verdict).admission)).to.include({
        code: 'NOT_ALLOWED',
        message: 'this client may not subscribe to channel "News"',
      })
    expect(admitted(true).asked).to.deep.equal([session, undefined])
    expect(admitted(true, undefined, 'red').asked).to.deep.equal([session, 'red'])
  })

  it('is waited for no longer than its client waits', async () => {
    const never = new Promise(() => undefined)
    const abort = new AbortController()
    const { admission } = admitted(never, abort.signal)
    abort.abort(broken)
    expect(await failureOf(admission)).to.equal(broken)
    expect(await failureOf(admitted(never, abort.signal).admission)).to.equal(broken)
  })

  it('that fails when it is asked again ends the stream, and the operator is told of a bug', async () => {
    const ending = (admission: Promise<void>) => endingUnlessAdmitted(admission, label, report)
    expect(await ending(Promise.resolve())).to.equal(undefined)
    const refusal = new ServerError('not you', { code: 'NOT_ALLOWED' })
    expect(await ending(Promise.reject(refusal))).to.deep.equal({ code: 'NOT_ALLOWED', message: 'not you' })
    expect(reported).to.deep.equal([])
    const message = 'channel "News" could not check whether this client may continue'
    expect(await ending(Promise.reject(broken))).to.deep.equal({ code: 'INTERNAL', message })
    expect(reported).to.deep.equal([[broken, 'canSubscribe of channel "News"']])
  })

  it('lists nobody of whom the channel fails to say who it is, and tells the operator', () => {
    class Told extends Channel {
      override presenceOf(): unknown {
        return { name: 'cat' }
      }
    }
    class Fails extends Channel {
      override presenceOf(): unknown {
        throw broken
      }
    }
    expect(infoOf(new Told(), session, label, report)).to.deep.equal({ name: 'cat' })
    expect(reported).to.deep.equal([])
    expect(infoOf(new Fails(), session, label, report)).to.equal(undefined)
    expect(reported).to.deep.equal([[broken, 'presenceOf of channel "News"']])
  })
})
