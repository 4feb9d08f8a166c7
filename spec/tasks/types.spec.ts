// What the types of processes say: which events there are, and what comes with them.
import { expectTypeOf } from 'expect-type'
import {
  type Client,
  type EventsOf,
  type Listening,
  Process,
  type ProcessContext,
  type ProcessEvent,
} from '../../lib/index.ts'

interface Events {
  readonly tick: number
  readonly done: { readonly at: Date }
}

class Counter extends Process<Events> {
  run({ output }: ProcessContext<Events>) {
    output.send('tick', 1)
    output.send('done', { at: new Date(0) }, { to: ['a', 'b'] })
    // @ts-expect-error there is no such event
    output.send('tock', 1)
    // @ts-expect-error its data is a number
    output.send('tick', 'one')
  }
}

/** Only its events: what a client needs, without what runs. */
abstract class CounterContract extends Process<Events> {
  static override processName = 'counter'
}

type OnProcess = Client['onProcess']

describe('The types of processes', () => {
  it('say what events a class has', () => {
    expectTypeOf<EventsOf<typeof Counter>>().toEqualTypeOf<Events>()
    expectTypeOf<EventsOf<typeof CounterContract>>().toEqualTypeOf<Events>()
  })

  it('tell an event by its name', () => {
    const read = ({ event, data }: ProcessEvent<Events>) => {
      if (event === 'tick') expectTypeOf(data).toEqualTypeOf<number>()
      else expectTypeOf(data).toEqualTypeOf<{ readonly at: Date }>()
    }
    expectTypeOf(read).toBeFunction()
  })

  it('are read off the class that a client listens to, or given with a name', () => {
    const listen = (onProcess: OnProcess) => {
      expectTypeOf(onProcess(Counter)).toEqualTypeOf<Listening<ProcessEvent<Events>>>()
      expectTypeOf(onProcess(CounterContract)).toEqualTypeOf<Listening<ProcessEvent<Events>>>()
      expectTypeOf(onProcess<Events>('counter')).toEqualTypeOf<Listening<ProcessEvent<Events>>>()
      onProcess(Counter, ({ event, data }) => event === 'tick' && data.toFixed(), { onGap: () => undefined })
      onProcess('counter', ({ event, data }) => {
        expectTypeOf(event).toEqualTypeOf<string>()
        expectTypeOf(data).toEqualTypeOf<unknown>()
      })
    }
    expectTypeOf(listen).toBeFunction()
  })
})
