// Values as they travel, for peers that write frames by themselves.

import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'

const codec = new StandardCodec(new ClassRegistry())

export function packed(value: unknown): Payload {
  return codec.encode(value, 'value')
}
