// Values as they travel, for peers that write frames by themselves.
import { ClassRegistry } from '../../lib/wire/class-registry.ts'
import type { Payload } from '../../lib/wire/payload.ts'
import { StandardCodec } from '../../lib/wire/value-codec.ts'

const codec = new StandardCodec(new ClassRegistry())

export function packed(value: unknown): Payload {
  return codec.encode(value, 'value')
}
