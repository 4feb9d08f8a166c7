// The faults that `npm run simulate:mutants` plants in a copy of the library: each breaks one promise of a session.

export interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface Mutant extends Edit {
  readonly name: string
  /** Where else it is planted. */
  readonly more?: readonly Edit[]
}

export const mutants: readonly Mutant[] = [
  {
    name: 'drop the join: a repeated call runs again',
    file: 'lib/core/session/ledger.ts',
    from: 'if (entry !== undefined && entry.seq >= frame.seq) {',
    to: 'if (entry !== undefined && entry.seq > frame.seq) {',
  },
  {
    name: 'skip the tombstone: a cancel that comes before its call leaves nothing behind',
    file: 'lib/core/session/ledger.ts',
    from: 'if (entry === undefined || entry.seq < frame.seq) return this.#storeCancelled(frame, entry)',
    to: 'if (entry === undefined || entry.seq < frame.seq) return',
  },
  {
    name: 'acknowledge early: the answer is forgotten when it was sent',
    file: 'lib/core/session/answer-store.ts',
    from: '      this.#home.send(call.answer)\n',
    to: "      this.#home.send(call.answer)\n      call.state = 'forgotten'\n",
  },
  {
    name: 'forget the deadline of calls that are sent again',
    file: 'lib/core/session/call-sender.ts',
    from: '    this.#send(call, true)\n    call.items?.resume()',
    to: '    call.deadlineAtMs = Number.POSITIVE_INFINITY\n    this.#send(call, true)\n    call.items?.resume()',
  },
  {
    name: 'replay the wrong result',
    file: 'lib/core/session/answer-store.ts',
    from: "      if (call.answerPlace === 'sent') this.#move(call, 'idle')\n      this.sendIfReady(call)\n    } else if",
    to: "      if (call.answerPlace === 'sent') this.#move(call, 'idle')\n      const other = this.#last?.answer ?? call.answer\n      if (other !== undefined && call.answer !== undefined) call.answer = { ...other, seq: call.seq, items: call.answer.items }\n      this.sendIfReady(call)\n    } else if",
  },
  {
    name: 'resume a session that has expired as if it were the same',
    file: 'lib/core/client/connection.ts',
    from: 'if (this.session.grant !== undefined) this.session.forget(lostSession())',
    to: "if (this.session.grant !== undefined) this.session.forget(lostSession(), 'server left')",
  },
  {
    name: 'lose the last item of a stream',
    file: 'lib/core/session/outbound-stream.ts',
    from: 'port.send(number === undefined ?',
    to: 'if (index !== 39) port.send(number === undefined ?',
  },
  {
    name: 'leak a slot when a call is cancelled',
    file: 'lib/core/session/sent-calls.ts',
    from: '    this.#slots.release(call.seq)\n',
    to: "    if (call.state !== 'abandoned') this.#slots.release(call.seq)\n",
  },
  {
    name: 'never tell the server of a cancel after a reconnect',
    file: 'lib/core/session/call-sender.ts',
    from: "if (call.state === 'abandoned' || onlyAsks) return this.sendCancel(call)",
    to: "if (call.state === 'abandoned' || onlyAsks) return",
  },
  {
    name: 'say in BYE that all is answered while handlers run',
    file: 'lib/core/session/session.ts',
    from: 'isClean: this.#ledger?.isClean ?? false',
    to: 'isClean: true',
  },
  {
    name: 'take items twice after a reconnect',
    file: 'lib/core/session/inbound-stream.ts',
    from: 'if (index < this.#received || this.#end !== undefined) return false',
    to: 'if (this.#end !== undefined) return false',
  },
  {
    name: 'retry what the action threw',
    file: 'lib/core/session/outgoing-calls.ts',
    from: 'if (frame.notStarted && call.canResend && call.onRefused(frame.error, origin)) void this.#handBack(call)',
    to: 'if (call.canResend && call.faults++ < call.retries) {\n      call.restart()\n      this.#waiting.add(call)\n    }',
  },
  {
    name: 'pass the claim of a refusal on for a call that ran in a session before',
    file: 'lib/core/session/retry-policy.ts',
    from: 'if (!error.notStarted || !call.mayHaveRun) return error',
    to: 'if (call.request) return error',
  },
]
