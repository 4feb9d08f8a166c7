// What a handler gets: the data of its call, decoded and checked, and its input streams.
import type { InboundStream } from '../session/inbound-stream.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { IncomingInputs } from '../session/incoming-inputs.ts'
import { detached } from '../wire/bytes/payload.ts'
import type { ValueCodec, ValueRules } from '../wire/value-codec.ts'
import { InputItems } from './input-items.ts'
import type { RegisteredAction } from './registry.ts'
import { validate } from './schema.ts'

/** Data that takes less memory than this counts by its bytes alone. */
const leastWeighed = 1_024

/** A promise if the action's schema checks asynchronously. Throws for data that is no value, and ValidationError. */
export function readInput(call: IncomingCall, action: RegisteredAction, codec: ValueCodec): unknown {
  const { input } = call
  const { rules, input: schema, name } = action
  // It may be read again, or compared with that of another call.
  const isKept = action.isTransactional === true || action.takesKeys === true
  const data = isKept ? call.copyData() : call.takeData()
  if (input !== undefined && (data === undefined || action.takesPayload))
    return new InputItems({ stream: input.streams[0] as InboundStream, codec, rules, schema, actionName: name })
  if (action.takesPayload) return detached(data)
  const value = codec.decode(
    data,
    input === undefined ? rules : { ...rules, streamOf: streamsOf(call, input, rules, codec) },
  )
  if (codec.decodedWeight >= leastWeighed) call.weigh(codec.decodedWeight)
  return schema === undefined ? value : validate(schema, value, `input of action "${name}"`, 'INVALID_INPUT')
}

/** The streams that the data names, each once: two readers would get half of it each. */
function streamsOf(
  call: IncomingCall,
  { streams }: IncomingInputs,
  rules: ValueRules,
  codec: ValueCodec,
): (number: number) => unknown {
  const left = new Map(streams.entries())
  return (number) => {
    const stream = left.get(number)
    left.delete(number)
    return stream && new InputItems({ stream, codec, rules, schema: undefined, actionName: call.name })
  }
}
