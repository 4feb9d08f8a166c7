// Reads what a subscriber has missed from a room's log: all of it, within the bounds of the history, or nothing.
import type { LoggedMessage, LogPage, LogRoom, MessageLogs } from '../../core/server/message-logs.ts'
import type { Encoded } from '../../core/wire/bytes/encoded.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import { audienceIn, isFor, isOnlyFor } from './audience.ts'
import type { Position } from './channel.ts'
import type { Since } from './channel-actions.ts'
import type { HistoryBounds } from './history.ts'
import type { Start } from './room.ts'

/** After this number there is no message: asks only for the state of a room. */
export const nowhere = Number.MAX_SAFE_INTEGER

const pageSize = 256

export interface Reading {
  readonly log: MessageLogs
  readonly room: LogRoom
  readonly bounds: HistoryBounds
  readonly encode: (message: LoggedMessage) => Encoded
  readonly since: Since | undefined
  readonly session: string
}

/** What was read, up to number `last`. */
export interface Missed {
  readonly epoch: string
  readonly last: number
  readonly start: Start
}

export async function readSince(reading: Reading): Promise<Missed> {
  const { log, room, since } = reading
  if (since === undefined) return atHead(await log.after(room, nowhere, 1), true)
  return since === 'oldest' ? readOldest(reading) : readFrom(reading, since)
}

async function readFrom({ log, room, bounds, encode, session }: Reading, since: Position): Promise<Missed> {
  const { size, ttlMs, maxBytes } = bounds
  const { session: former, offset } = since
  const missed: Encoded[] = []
  let last = offset
  let bytes = 0
  for (;;) {
    const page = await log.after(room, last, pageSize)
    const { epoch, head, nowMs, messages } = page
    const isOther = epoch !== since.epoch || offset > head || head - offset > size
    const [first] = messages
    const isGone = last < head && first?.offset !== last + 1
    if (isOther || isGone || (first !== undefined && first.atMs <= nowMs - ttlMs)) return atHead(page, false)
    for (const message of messages) {
      const audience = audienceIn(message)
      // A client may claim any former session: see Room.startFor.
      if (former !== undefined && isOnlyFor(audience, former, session)) return atHead(page, false)
      last = message.offset
      bytes += payloadSize(message.item)
      if (bytes > maxBytes) return atHead(page, false)
      if (isFor(audience, session, former)) missed.push(encode(message))
    }
    if (last >= head) return { epoch, last, start: { offset, recovered: true, missed } }
  }
}

/** The whole history: the oldest messages make room when they are too many. */
async function readOldest({ log, room, bounds, encode, session }: Reading): Promise<Missed> {
  const { size, ttlMs, maxBytes } = bounds
  const { epoch, head } = await log.after(room, nowhere, 1)
  const kept: LoggedMessage[] = []
  let bytes = 0
  for (let last = Math.max(0, head - size); last < head; ) {
    const { messages, nowMs } = await log.after(room, last, pageSize)
    if (messages.length === 0) break
    for (const message of messages) {
      last = message.offset
      if (message.offset > head || message.atMs <= nowMs - ttlMs) continue
      kept.push(message)
      bytes += payloadSize(message.item)
    }
    while (bytes > maxBytes) bytes -= payloadSize((kept.shift() as LoggedMessage).item)
  }
  const own = kept.filter((message) => isFor(audienceIn(message), session))
  const offset = (kept[0]?.offset ?? head + 1) - 1
  return { epoch, last: head, start: { offset, recovered: true, missed: own.map(encode) } }
}

function atHead({ epoch, head }: LogPage, recovered: boolean): Missed {
  return { epoch, last: head, start: { offset: head, recovered, missed: [] } }
}
