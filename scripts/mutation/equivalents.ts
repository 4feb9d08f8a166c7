// Faults that break no promise: what they change, nobody can see, or is said nowhere. They are not planted. Each has its reason.
import type { Fault } from './faults.ts'

export interface Equivalent {
  readonly file: string
  /** The line of it, without the space around it. */
  readonly line: string
  readonly from: string
  /** Which of several in the line, from 0 on. Default 0. */
  readonly nth?: number
  readonly to: string
  readonly why: string
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'lib/core/accounting/accounting.ts',
    line: 'this.#isMakingRoom = count > 0 && this.#heldBytes > enough',
    from: '0',
    to: '1',
    why: 'one that was evicted without making enough room was the last; the next increase begins again',
  },
  {
    file: 'lib/features/channels/channel-presence.ts',
    line: 'own?.delete(entry.room)',
    from: '?.',
    to: '!.',
    why: 'an entry that is removed is always in the table of its session',
  },
  {
    file: 'lib/core/action/caller-stack.ts',
    line: "return here.stack?.split('\\n').filter((line) => line.startsWith('    at ') && !line.includes('(node:')) ?? []",
    from: '?.',
    to: '!.',
    why: 'an error always has a stack in V8; the type says otherwise',
  },
  {
    file: 'lib/core/action/call.ts',
    line: "Object.defineProperty(Call.prototype, 'constructor', { value: Promise })",
    from: "Object.defineProperty(Call.prototype, 'constructor', { value: Promise })",
    to: '{}',
    why: 'it saves two turns of the microtask queue for each call, which the benchmarks see',
  },
  {
    file: 'lib/core/link/browser-dial.ts',
    line: "socket.removeEventListener('close', onClose)",
    from: "socket.removeEventListener('close', onClose)",
    to: '{}',
    why: 'a promise that is settled stays so',
  },
  {
    file: 'lib/core/link/frame-link.ts',
    line: 'else this.#sink?.onFrame(frame)',
    from: '?.',
    to: '!.',
    why: 'it has a sink before the first byte comes, and its decoder stops when it has none any more',
  },
  {
    file: 'lib/core/link/frame-link.ts',
    line: 'return this.#sink?.onFrame(frame)',
    from: '?.',
    to: '!.',
    why: 'as above',
  },
  {
    file: 'lib/core/action/action-runner.ts',
    line: 'const schema = this.#action?.takesPayload ? undefined : this.#action?.output',
    from: '?.',
    to: '!.',
    why: 'what returned something was found',
  },
  {
    file: 'lib/core/action/action-runner.ts',
    line: 'const schema = this.#action?.takesPayload ? undefined : this.#action?.output',
    from: '?.',
    nth: 1,
    to: '!.',
    why: 'as above',
  },
  {
    file: 'lib/core/server/address-ranges.ts',
    line: 'if (version === 0 || rest.length > 0 || (bits !== undefined && !/^\\d{1,3}$/.test(bits))) throw wrong()',
    from: '0',
    to: '1',
    why: 'the list itself refuses what is no address, with the same error',
  },
  {
    file: 'lib/core/server/admission.ts',
    line: 'await link.close(refusal)',
    from: 'await link.close(refusal)',
    to: 'link.close(refusal)',
    why: 'nobody waits for the end of a refusal',
  },
  {
    file: 'lib/core/server/session-store.ts',
    line: 'const secret = session?.core.grant?.resumeSecret',
    from: '?.',
    nth: 1,
    to: '!.',
    why: 'a session of a server has its grant from the beginning',
  },
  {
    file: 'lib/core/base/nearest-names.ts',
    line: 'let row = Array.from({ length: b.length + 1 }, (_, i) => i)',
    from: '1',
    to: '2',
    why: 'a column more, which nobody reads',
  },
  {
    file: 'lib/core/base/clock.ts',
    line: 'reject(signal?.reason)',
    from: '?.',
    to: '!.',
    why: 'only a signal calls it',
  },
  {
    file: 'lib/core/base/log.ts',
    line: 'let count = 0',
    from: '0',
    to: '1',
    why: 'the first error begins a window, which counts from 0',
  },
  {
    file: 'lib/core/wire/rich/wire-tree.ts',
    line: "const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get as (this: Map<unknown, unknown>) => number",
    from: '?.',
    to: '!.',
    why: 'every Map.prototype has it; the type says otherwise',
  },
  {
    file: 'lib/core/wire/rich/binary-values.ts',
    line: "const bufferLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as (",
    from: '?.',
    to: '!.',
    why: 'as above',
  },
  {
    file: 'lib/core/server/session-runs.ts',
    line: 'this.#options.runner.start(call, this, this.session.core.grant?.peerLimits.maxFrameBytes ?? 0)',
    from: '0',
    to: '1',
    why: 'a session that runs calls has its grant; the type says otherwise',
  },
  {
    file: 'lib/core/link/frame-link.ts',
    line: 'this.#isFlushScheduled = true',
    from: 'this.#isFlushScheduled = true',
    to: '{}',
    why: 'the second flush of a tick finds nothing; scheduling it for each frame costs time, which the benchmarks see',
  },
  {
    file: 'lib/gateways/igor/client-table.ts',
    line: 'kept.clear()',
    from: 'kept.clear()',
    to: '{}',
    why: 'their timers are cancelled, and a closed table looks up no client any more',
  },
  {
    file: 'lib/core/server/call-turns.ts',
    line: 'if (lane.head * 2 > lane.calls.length) this.#trim(lane)',
    from: 'lane.head * 2 > lane.calls.length',
    to: '!(lane.head * 2 > lane.calls.length)',
    why: 'how often a list is trimmed shows in time only; at its end it is',
  },
  {
    file: 'lib/core/client/delayed-retries.ts',
    line: 'else this.giveUp(call, call.deadlineAtMs > nowMs ? this.#refusals.get(call)?.error : lateError(call))',
    from: '?.',
    to: '!.',
    why: 'what ends before its deadline ends by its refusal, so it has one',
  },
  {
    file: 'lib/core/session/inbound-stream.ts',
    line: 'if (this.#receivedCost > this.#granted) this.#reserve()',
    from: '>',
    to: '>=',
    why: 'where all that was granted has come, what is reserved is what was granted, as before',
  },
  {
    file: 'lib/features/channels/reader.ts',
    line: 'unfollow()',
    from: 'unfollow()',
    to: '{}',
    why: 'the signal is that of the call, which is over then',
  },
  {
    file: 'lib/features/channels/reader.ts',
    line: 'if (waitingBytes === 0) wait(items.reduce((bytes: number, each) => bytes + heldOf(each), 0))',
    from: '0',
    nth: 1,
    to: '1',
    why: 'a byte more is held for a while, of thousands',
  },
  {
    file: 'lib/testing/harness.ts',
    line: 'await this.#pass(Promise.all([this.#server?.shutdown({ graceMs: 0 }), ...this.#former]))',
    from: '0',
    to: '1',
    why: 'a millisecond of grace',
  },
  {
    file: 'lib/cli/token-prompt.ts',
    line: "if (isTerminal) await print('\\n', process.stderr)",
    from: "await print('\\n', process.stderr)",
    to: "print('\\n', process.stderr)",
    why: 'Node writes to a terminal before it goes on',
  },
  {
    file: 'lib/tracim/registration.ts',
    line: '#heardAtMs = 0',
    from: '0',
    to: '1',
    why: 'it is set to the time before anything asks for it',
  },
  {
    file: 'lib/core/session/abandoned-calls.ts',
    line: 'this.#givenUp.clear()',
    from: 'this.#givenUp.clear()',
    to: '{}',
    why: 'it frees memory while handlers still run; the closed sweep never reads the table again',
  },
  {
    file: 'lib/features/web/upgrades.ts',
    line: 'this.#servers.set(maxPayload, server)',
    from: 'this.#servers.set(maxPayload, server)',
    to: '{}',
    why: 'it saves making a server for each WebSocket; each does the same',
  },
  {
    file: 'lib/features/channels/subscription.ts',
    line: '#offset = 0',
    from: '0',
    to: '1',
    why: 'the first item sets it before anything reads it',
  },
  {
    file: 'lib/features/channels/subscription.ts',
    line: '#handedOffset = 0',
    from: '0',
    to: '1',
    why: 'the first item sets it before anything reads it',
  },
  {
    file: 'lib/features/channels/subscription.ts',
    line: '#lostInCall = 0',
    from: '0',
    to: '1',
    why: 'the first item sets it before anything reads it',
  },
  {
    file: 'lib/features/services/service-host.ts',
    line: 'this.#state = undefined',
    from: 'this.#state = undefined',
    to: '{}',
    why: 'it frees memory: nothing reads the state of a service that was terminated',
  },
  {
    file: 'lib/core/server/room-for-calls.ts',
    line: '#againAtMs = 0',
    from: '0',
    to: '1',
    why: 'the first millisecond of a clock',
  },
  {
    file: 'lib/core/server/room-for-calls.ts',
    line: 'if (holder.running <= share) continue',
    from: '<=',
    to: '<',
    why: 'it saves looking at the calls of an address with its share, of which none would be ended',
  },
  {
    file: 'lib/core/client/attempts.ts',
    line: 'minTimeout: 0,',
    from: '0',
    to: '1',
    why: 'a millisecond of waiting',
  },
  {
    file: 'lib/core/client/attempts.ts',
    line: 'maxTimeout: 0,',
    from: '0',
    to: '1',
    why: 'a millisecond of waiting',
  },
  {
    file: 'lib/core/client/delayed-retries.ts',
    line: 'queue.timer?.cancel()',
    from: '?.',
    to: '!.',
    why: 'every queue in the table has a timer',
  },
  {
    file: 'lib/features/channels/history.ts',
    line: 'if (this.#head * 2 < this.#kept.length) return',
    from: 'this.#head * 2 < this.#kept.length',
    to: '!(this.#head * 2 < this.#kept.length)',
    why: 'it decides when the list is copied without its empty places, which no message shows',
  },
  {
    file: 'lib/features/channels/history.ts',
    line: 'if (this.#head * 2 < this.#kept.length) return',
    from: '*',
    to: '/',
    why: 'it decides when the list is copied without its empty places, which no message shows',
  },
  {
    file: 'lib/features/channels/history.ts',
    line: 'if (this.#head * 2 < this.#kept.length) return',
    from: '2',
    to: '3',
    why: 'it decides when the list is copied without its empty places, which no message shows',
  },
  {
    file: 'lib/features/channels/history.ts',
    line: 'if (this.#head * 2 < this.#kept.length) return',
    from: '<',
    to: '<=',
    why: 'it decides when the list is copied without its empty places, which no message shows',
  },
  {
    file: 'lib/cli/load.ts',
    line: '#startedAt = 0',
    from: '0',
    to: '1',
    why: 'a run sets it before anything reads it',
  },
  {
    file: 'lib/daemon/succession.ts',
    line: '#graceMs = 0',
    from: '0',
    to: '1',
    why: 'a millisecond of grace',
  },
  {
    file: 'lib/gateways/igor/file-server.ts',
    line: 'if (response.headersSent || request.socket.destroyed) {',
    from: '||',
    to: '&&',
    why: 'what answers a connection that is gone goes nowhere, and nothing fails once the head was sent',
  },
  {
    file: 'lib/daemon/background-process.ts',
    line: 'const onOrphaned = (): void => this.#stop(0)',
    from: '0',
    to: '1',
    why: 'a millisecond of grace',
  },
  {
    file: 'lib/core/base/json-fault.ts',
    line: 'const column = before.at(-1)?.length ?? 0',
    from: '0',
    to: '1',
    why: 'a text that was split has a last line; the type says otherwise',
  },
  {
    file: 'lib/features/data/durable/room-rows.ts',
    line: 'return [...rooms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => own)',
    from: '1',
    nth: 1,
    to: '2',
    why: 'of what compares, only the sign counts',
  },
  {
    file: 'lib/features/data/engine/libsql/while-busy.ts',
    line: 'for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {',
    from: '2',
    to: '3',
    why: 'pauses are random, up to a bound that stays',
  },
]

export function isEquivalent(fault: Fault, source: string, known: readonly Equivalent[] = equivalents): boolean {
  const line = source.split('\n')[fault.line - 1] ?? ''
  const { file, from, to } = fault
  const nth = line.slice(0, fault.column - 1).split(from).length - 1
  const isThis = (one: Equivalent): boolean =>
    one.file === file && one.line === line.trim() && one.from === from && one.to === to && (one.nth ?? 0) === nth
  return known.some(isThis)
}
