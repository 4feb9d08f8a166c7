// What the compiler knows of responses: checked when the specs are compiled, and run for good measure.

import { expectTypeOf } from 'expect-type'
import { Action, Channel, type Context, type MessageOf, type OutputOf } from 'isock'
import { type Named, type PayloadOf, reply, respond } from 'isock/lexicons'

interface Line {
  readonly content: string
}

class Public extends Channel<Named<{ CreateLine: Line; UserEnter: string }>> {
  static readonly named = true
}

class Other extends Channel<Named<{ Tick: number }>> {
  static readonly named = true
}

class Plain extends Channel<Line> {}

class CreateLine extends Action {
  override async action(content: string, context: Context) {
    return respond(context, { content }, [Public])
  }
}

class Answer extends Action {
  override action(_data: object, context: Context) {
    return reply(context, new Date())
  }
}

describe('lexicons: the types', () => {
  it('give a client of isock the payload of a response', () => {
    expectTypeOf<OutputOf<typeof CreateLine>>().toEqualTypeOf<{ content: string }>()
    expectTypeOf<OutputOf<typeof Answer>>().toEqualTypeOf<Date>()
  })

  it('know what a named channel says', () => {
    expectTypeOf<PayloadOf<typeof Public>>().toEqualTypeOf<Line | string>()
    expectTypeOf<MessageOf<typeof Public>>().toEqualTypeOf<
      { readonly CreateLine: Line } | { readonly UserEnter: string }
    >()
  })

  it('refuse a payload that no channel of a response carries, and a channel without names', () => {
    const responses = (context: Context): Promise<unknown>[] => [
      respond(context, { content: 'x' }, [Public]),
      respond(context, 'x', [Public, Other]),
      respond(context, { anything: true }, []),
      // @ts-expect-error it is no Line
      respond(context, { contents: 'x' }, [Public]),
      // @ts-expect-error its messages have no names
      respond(context, { content: 'x' }, [Plain]),
    ]
    expectTypeOf(responses).parameter(0).toEqualTypeOf<Context>()
  })
})
