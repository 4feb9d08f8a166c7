// The options of a channel on a server, and the static fields of its class: checks both when the channel is added.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkOptions, type Filled, type OptionTable, withDefaults } from '../../core/base/option-table.ts'
import { describe, requireCount, requirePositive } from '../../core/base/options.ts'
import {
  type AnyChannel,
  type ChannelClass,
  type ChannelOverflow,
  channelNameOf,
  type HistoryOptions,
  invalidChannel,
} from './channel.ts'
import type { HistoryBounds } from './history.ts'

/** Options of `server.addChannel`. */
export interface ChannelOptions {
  /** The number of rooms with keys. Default 10 000. */
  readonly maxRooms?: number | undefined
  /** The length of a room's key, in characters. Default 256. */
  readonly maxKeyLength?: number | undefined
  /** Subscriptions and presence watches of one session in all rooms; cancelled ones do not count. Default 100. */
  readonly maxPerSession?: number | undefined
  /** Messages that may wait for a subscriber that does not keep up. Default 1 024. */
  readonly maxQueued?: number | undefined
  /** The bytes of those messages. Default 4 MiB. */
  readonly maxQueuedBytes?: number | undefined
  /** How long a session without a link counts as present, in milliseconds. Default 10 000. */
  readonly presenceGraceMs?: number | undefined
}

/** All options of a channel, and the static fields of its class. */
export interface ChannelRules extends Filled<ChannelOptions> {
  readonly name: string
  /** The channel in messages, such as `channel "News"`. */
  readonly label: string
  readonly description: string | undefined
  readonly schema: StandardSchemaV1 | undefined
  readonly history: HistoryBounds | undefined
  readonly overflow: ChannelOverflow
  /** Its messages are in a store. */
  readonly isDurable: boolean
}

export const defaultChannelOptions: Filled<ChannelOptions> = {
  maxRooms: 10_000,
  maxKeyLength: 256,
  maxPerSession: 100,
  maxQueued: 1_024,
  maxQueuedBytes: 4 * 1024 * 1024,
  presenceGraceMs: 10_000,
}

const historyOptions: OptionTable<HistoryOptions> = { size: 'any', ttlMs: 'any', maxBytes: 'any' }
const defaultTtlMs = 5 * 60_000
const defaultHistoryBytes = 8 * 1024 * 1024
const overflows: readonly unknown[] = ['drop-reader', 'drop-oldest', 'drop-newest'] satisfies ChannelOverflow[]

/** @throws ServerError (`INVALID_CHANNEL`), ClientError (`INVALID_OPTION`). */
export function rulesOf(channel: AnyChannel, given: ChannelOptions = {}): ChannelRules {
  const Class = channel.constructor as ChannelClass
  const name = channelNameOf(Class)
  checkOptions('addChannel', given, defaultChannelOptions)
  const bounds = withDefaults(defaultChannelOptions, given)
  for (const [option, value] of Object.entries(bounds)) {
    if (option === 'presenceGraceMs' || option === 'maxRooms') requireCount(option, value)
    else requirePositive(option, value)
  }
  const { schema, description, overflow = 'drop-reader', durable = false } = Class
  const label = `channel "${name}"`
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function')
    throw invalidChannel(`static schema of ${label} is not a Standard Schema (zod, valibot, arktype ...)`)
  if (!overflows.includes(overflow))
    throw invalidChannel(`static overflow of ${label}: expected ${overflows.join(', ')}, got ${describe(overflow)}`)
  if (typeof durable !== 'boolean')
    throw invalidChannel(`static durable of ${label}: expected true or false, got ${describe(durable)}`)
  const history = historyOf(Class, label)
  if (durable && history === undefined)
    throw invalidChannel(
      `${label} is durable, and has no history: give it one, such as static history = { size: 1_000, ttlMs: 86_400_000 }`,
    )
  return { ...bounds, name, label, description, schema, overflow, history, isDurable: durable }
}

function historyOf({ history }: ChannelClass, label: string): HistoryBounds | undefined {
  if (history === undefined) return undefined
  checkOptions(`static history of ${label}`, history, historyOptions)
  const { size, ttlMs = defaultTtlMs, maxBytes = defaultHistoryBytes } = history
  for (const [name, value] of Object.entries({ size, ttlMs, maxBytes })) {
    const isRight = typeof value === 'number' && value > 0 && (name !== 'size' || Number.isInteger(value))
    if (!isRight)
      throw invalidChannel(`static history.${name} of ${label}: expected a number above 0, got ${describe(value)}`)
  }
  return { size, ttlMs, maxBytes }
}
