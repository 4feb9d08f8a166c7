// The calls of a session that its server has in memory: those that run, and those whose answers are kept.
import type { ServerSession } from '../../core/server/server-session.ts'
import type { IncomingCall } from '../../core/session/incoming-call.ts'
import { payloadSize } from '../../core/wire/bytes/payload.ts'
import { Kind } from '../../core/wire/frames/frame.ts'
import type { ListedAnswer } from './inspection-actions.ts'

/** How many answers are kept, and their bytes. */
export function keptInMemory(session: ServerSession | undefined): { readonly answers: number; readonly bytes: number } {
  let answers = 0
  let bytes = 0
  for (const call of session?.core.asked?.calls.all ?? []) {
    if (call?.answer === undefined) continue
    answers++
    bytes += answerSize(call)
  }
  return { answers, bytes }
}

/** The calls in higher slots, in the order of slots. */
export function callsInMemory(session: ServerSession | undefined, after: number, nowMs: number): ListedAnswer[] {
  const listed: ListedAnswer[] = []
  for (const [slot, call] of (session?.core.asked?.calls.all ?? []).entries())
    if (call !== undefined && slot > after && call.state !== 'acknowledged') listed.push(listedCall(call, slot, nowMs))
  return listed
}

function listedCall(call: IncomingCall, slot: number, nowMs: number): ListedAnswer {
  const { seq, name, answer, state, admittedAtMs } = call
  const failed = answer?.kind === Kind.Failure && answer.notStarted ? 'not started' : 'error'
  return {
    seq,
    slot,
    // One whose cancel came before it has none.
    ...(name === '' ? {} : { action: name, ageMs: Math.max(0, Math.round(nowMs - admittedAtMs)) }),
    state: state === 'running' ? 'started' : state === 'forgotten' ? 'unknown' : 'answered',
    ...(answer === undefined ? {} : { outcome: answer.kind === Kind.Result ? 'value' : failed }),
    bytes: answerSize(call),
    where: 'memory',
  }
}

function answerSize({ answer }: IncomingCall): number {
  if (answer === undefined) return 0
  return payloadSize(answer.kind === Kind.Result ? answer.value : answer.error)
}
