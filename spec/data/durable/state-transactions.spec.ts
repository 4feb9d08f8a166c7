// The transaction of a turn of a durable service: begun again where others were in its way, and a bounded number of times.
import { expect } from 'chai'
import type { DurableStore } from '../../../lib/features/data/durable/durable-store.ts'
import { StateRows } from '../../../lib/features/data/durable/state-rows.ts'
import { failureOf } from '../../setup/world.ts'

describe('The transaction of a turn', () => {
  let events: string[]
  let opened: number
  let states: StateRows
  let interrupted: boolean
  let abort: AbortController

  beforeEach(() => {
    events = []
    opened = 0
    interrupted = false
    abort = new AbortController()
    states = new StateRows(async () => {
      opened++
      return {
        store: {} as DurableStore,
        begin: (label) => {
          events.push(`begin ${label}`)
          return {
            db: events.length,
            get wasInterrupted() {
              return interrupted
            },
            finish: async (isKept) => events.push(isKept ? 'kept' : 'undone'),
          }
        },
      }
    })
  })

  const turn = (work: (db: unknown) => Promise<unknown>) => states.transaction('a turn', abort.signal, work)

  it('is kept with its result, and opens the store once', async () => {
    expect(await turn(async (db) => db)).to.equal(1)
    expect(await turn(async () => 'two')).to.equal('two')
    expect(events).to.deep.equal(['begin a turn', 'kept', 'begin a turn', 'kept'])
    expect(opened).to.equal(1)
  })

  it('is undone where it fails, and does not begin again', async () => {
    const failure = new Error('no')
    expect(await failureOf(turn(() => Promise.reject(failure)))).to.equal(failure)
    expect(events).to.deep.equal(['begin a turn', 'undone'])
  })

  it('begins again where others were in its way, up to the first that goes through', async () => {
    let tries = 0
    const result = await turn(async () => {
      interrupted = ++tries < 3
      if (interrupted) throw new Error('a deadlock')
      return tries
    })
    expect(result).to.equal(3)
    expect(events).to.deep.equal(['begin a turn', 'undone', 'begin a turn', 'undone', 'begin a turn', 'kept'])
  })

  it('fails after the sixth time, and immediately when nobody waits for it', async () => {
    interrupted = true
    const failure = new Error('a deadlock')
    expect(await failureOf(turn(() => Promise.reject(failure)))).to.equal(failure)
    expect(events.filter((event) => event === 'undone')).to.have.length(6)
    events = []
    abort.abort()
    expect(await failureOf(turn(() => Promise.reject(failure)))).to.equal(failure)
    expect(events).to.deep.equal(['begin a turn', 'undone'])
  })
})
