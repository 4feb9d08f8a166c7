// Which handlers get an event, in which order, and what becomes of their errors.
import { expect } from 'chai'
import { silentLogger } from '../../lib/core/base/log.ts'
import type { DaemonEvent } from '../../lib/tracim/daemon-event.ts'
import { EventHandlers, tracimEventOf } from '../../lib/tracim/event-handlers.ts'

const client = { name: 'the client' }
const errorIn = (event: DaemonEvent | undefined) => (event?.data as { error?: unknown } | undefined)?.error

function handlersOf(...types: readonly string[]) {
  const seen: string[] = []
  const events: DaemonEvent[] = []
  const logged: unknown[] = []
  const handlers = new EventHandlers(client, {
    ...silentLogger,
    error: (...given: unknown[]) => {
      logged.push(given)
    },
  })
  for (const type of types)
    handlers.set(type, (event, given) => {
      expect(given).to.equal(client)
      seen.push(type)
      events.push(event)
    })
  return { handlers, seen, events, logged }
}

const tracim = (data: unknown): DaemonEvent => ({ type: 'daemon_tracim_event', path: '/a', data })
const all = ['custom_message', 'custom_error', 'daemon_tracim_event', 'daemon_ping', 'content.created', 'mine']

describe('The handlers of events', () => {
  it('are the generic one and then that of the type, each with the event and the client', async () => {
    const { handlers, seen, events } = handlersOf(...all)
    const event: DaemonEvent = { type: 'mine', path: '/a', data: { event_type: 'content.created' } }
    await handlers.run(event)
    expect(seen).to.deep.equal(['custom_message', 'mine'])
    expect(events.every((each) => each === event)).to.equal(true)
  })

  it('are those of the event of Tracim too, which may be a text', async () => {
    for (const data of [{ event_type: 'content.created' }, '{"event_type":"content.created"}']) {
      const { handlers, seen } = handlersOf(...all)
      await handlers.run(tracim(data))
      expect(seen).to.deep.equal(['custom_message', 'daemon_tracim_event', 'content.created'])
    }
  })

  it('are not those of the protocol, whatever Tracim says', async () => {
    for (const event_type of ['daemon_ping', 'custom_error', 'custom_message', 'daemon_tracim_event']) {
      const { handlers, seen } = handlersOf(...all)
      await handlers.run(tracim({ event_type }))
      expect(seen, event_type).to.deep.equal(['custom_message', 'daemon_tracim_event'])
    }
  })

  it('are waited for, one after the other', async () => {
    const { handlers, seen } = handlersOf('mine')
    handlers.set('custom_message', async () => {
      await Promise.resolve()
      await Promise.resolve()
      seen.push('custom_message')
    })
    await handlers.run({ type: 'mine', path: '', data: null })
    expect(seen).to.deep.equal(['custom_message', 'mine'])
  })

  it('may be replaced and removed', async () => {
    const { handlers, seen } = handlersOf('mine')
    handlers.set('mine', () => seen.push('another'))
    await handlers.run({ type: 'mine', path: '', data: null })
    handlers.remove('mine')
    await handlers.run({ type: 'mine', path: '', data: null })
    expect(seen).to.deep.equal(['another'])
  })

  it('do not stop the others when they fail: their error is an event', async () => {
    const { handlers, seen, events, logged } = handlersOf('custom_error', 'mine')
    const error = new Error('on purpose')
    handlers.set('custom_message', () => {
      throw error
    })
    await handlers.run({ type: 'mine', path: '/a', data: null })
    expect(seen).to.deep.equal(['custom_error', 'mine'])
    expect(events[0]).to.deep.equal({ type: 'custom_error', path: '', data: { error } })
    expect(errorIn(events[0])).to.equal(error)
    expect(logged).to.deep.equal([])
  })

  it('get an event of Tracim without a type as an error', async () => {
    for (const [data, Class] of [
      [{}, TypeError],
      ['{', SyntaxError],
      [null, TypeError],
    ] as const) {
      const { handlers, seen, events } = handlersOf(...all)
      await handlers.run(tracim(data))
      expect(seen).to.deep.equal(['custom_message', 'daemon_tracim_event', 'custom_error'])
      expect(errorIn(events[2])).to.be.instanceOf(Class)
    }
  })

  it('of errors that fail are logged', async () => {
    const { handlers, logged } = handlersOf()
    const second = new Error('again')
    handlers.set('custom_error', async () => {
      throw second
    })
    await handlers.fail(new Error('first'))
    expect(logged).to.deep.equal([[{ error: second }, 'the error handler failed']])
  })

  it('need not be there', async () => {
    const { handlers, logged } = handlersOf()
    await handlers.run(tracim({ event_type: 'content.created' }))
    await handlers.fail(new Error('first'))
    expect(logged).to.deep.equal([])
  })
})

describe('The event of Tracim', () => {
  it('is the data, which has a type', () => {
    expect(tracimEventOf(tracim({ event_type: 'a', more: 1 }))).to.deep.equal({ event_type: 'a', more: 1 })
    expect(tracimEventOf(tracim('{"event_type":""}'))).to.deep.equal({ event_type: '' })
    for (const data of [null, [], 5, {}, { event_type: 5 }, '"a"', '[]'])
      expect(() => tracimEventOf(tracim(data))).to.throw(
        TypeError,
        'daemon_tracim_event: expected data with an event_type',
      )
  })
})
