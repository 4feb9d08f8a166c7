// The faults that `npm run simulate:mutants -- --store` plants: each breaks one rule by which calls survive their servers. A rule that is
// kept in two places is broken in both. Most are found within 100 seeds, some only after thousands.
import type { Mutant } from './planted-faults.ts'

const run = 'lib/features/data/transactional-run.ts'
const foreign = 'lib/core/session/foreign-calls.ts'
const kept = 'lib/features/data/durable/kept-sessions.ts'
const rows = 'lib/features/data/durable/session-rows.ts'
const ledger = 'lib/core/session/ledger.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: what is planted is source text
export const storeMutants: readonly Mutant[] = [
  {
    name: 'commit the effect, then the answer in a transaction of its own',
    file: run,
    from: '        return this.#records.write(run, seq, actionName, recorded, this.#turn?.key)\n      })\n',
    to: '      })\n      await this.#records.recordAll(seq, actionName, recorded, this.#turn?.key)\n',
  },
  {
    name: 'commit the answer, then the effect',
    file: run,
    from: '    try {\n      await this.#unit.keepWith(async (run) => {\n',
    to: '    try {\n      const first = await this.#records.recordAll(seq, actionName, recorded)\n      if (first !== recorded) return first\n      await this.#unit.keepWith(async (run) => {\n',
    more: [
      {
        file: run,
        from: '        return this.#records.write(run, seq, actionName, recorded, this.#turn?.key)\n      })\n',
        to: '      })\n',
      },
    ],
  },
  {
    name: 'do not record what was thrown',
    file: run,
    from: '.then(() => (isNoAnswer ? undefined : this.#recordFailure(encodeFailure(), key)))',
    to: '.then(() => undefined)',
    more: [
      {
        file: foreign,
        from: "    if (kind !== 'recorded') {",
        to: "    if (kind !== 'recorded' || (answer.kind === Kind.Failure && !answer.notStarted)) {",
      },
    ],
  },
  {
    name: 'send the answer before the commit',
    file: run,
    from: 'if (this.#mustCommit || this.#context.mayHaveRun) return this.#commit(recorded)',
    to: 'if (this.#mustCommit || this.#context.mayHaveRun) return void this.#commit(recorded).catch(() => undefined)',
  },
  {
    name: 'record the answer without looking at the number that the row has',
    file: 'lib/features/data/durable/answer-rows.ts',
    from: '      where held.seq < excluded.seq returning seq`',
    to: '      returning seq`',
  },
  {
    name: 'refuse a call that may have run elsewhere, and do not record that',
    file: foreign,
    from: "    if (kind !== 'recorded') {",
    to: "    if (answer.kind === Kind.Failure && answer.notStarted && call.name !== '') return this.#pass(call, answer)\n    if (kind !== 'recorded') {",
  },
  {
    name: 'cancel a call that may have run elsewhere, and do not record that',
    file: foreign,
    from: "    const kind = call.name === '' ?",
    to: "    if (call.name === '') return this.#pass(call, answer)\n    const kind = call.name === '' ?",
  },
  {
    name: 'say in the BYE of an adopted session that all is answered',
    file: ledger,
    from: 'return this.#foreign === undefined && this.#load.count === 0',
    to: 'return this.#load.count === 0',
    // Where a server that has lost the session commits nothing more, this hardly ever shows: it is the second line of defence.
    more: [
      { file: 'lib/features/data/durable/answer-rows.ts', from: 'ours.generation = ?', to: 'ours.generation >= ?' },
    ],
  },
  {
    name: 'keep the numbers of the calls to the client when another server has its session',
    file: 'lib/core/session/session.ts',
    from: '    this.#ledger = new Ledger(this, terms.peerLimits, this.#account)\n    former?.end(reason)\n    former?.release()\n    this.#outgoing?.onAdopted(terms, reason)',
    to: '    this.#ledger ??= new Ledger(this, terms.peerLimits, this.#account)\n    this.#outgoing?.onAdopted(terms, reason)',
  },
  {
    name: 'count the slots of an adopted session by limits of its own',
    file: ledger,
    from: 'adopted?.slotCount ?? home.limits.maxCallsInFlight',
    to: 'home.limits.maxCallsInFlight',
  },
  {
    name: 'find the rows of an adopted session by limits of its own',
    file: kept,
    from: 'new SessionRecords(this, { id, generation }, slotCount, kept)',
    to: 'new SessionRecords(this, { id, generation }, this.#kit.limits.maxCallsInFlight, kept)',
  },
  {
    name: 'start the first call before its session is recorded',
    file: kept,
    from: 'await this.commits.add((run) => this.#rows.insert(run, row))',
    to: 'void this.commits.add((run) => this.#rows.insert(run, row)).catch(() => undefined)',
  },
  {
    name: 'take every call of an adopted session for its first attempt',
    file: foreign,
    from: '    return !this.#isOver\n  }\n\n  /** Replays',
    to: '    return false\n  }\n\n  /** Replays',
  },
  {
    name: 'send a call again as if for the first time',
    file: 'lib/core/session/call-sender.ts',
    from: 'this.#isAdopted && !isRepeated ? 1',
    to: 'this.#isAdopted ? 1',
  },
  // To count the attempts of a call instead of those of its number only makes outcomes unknown that could be known: spec/session/adoption.spec.ts.
  {
    name: 'adopt a session and leave its generation',
    file: rows,
    from: 'generation = generation + 1',
    to: 'generation = generation + 0',
  },
  {
    name: 'let the clocks of servers judge whose session is over',
    file: rows,
    from: '    const { session, node } = this.#tables\n',
    to: '    const { session, node } = this.#tables\n    const now = String(Math.floor(this.nodeNow()))\n',
    more: [
      {
        file: rows,
        from: '(old.cut_at is not null and old.cut_at <= ${this.#now} - ?)',
        to: '(old.cut_at is not null and old.cut_at <= ${now} - ?)',
      },
      { file: rows, from: 'seen.seen_at > ${this.#now} - ?', to: 'seen.seen_at > ${now} - ?' },
      { file: rows, from: '  readonly #life: string\n', to: '  readonly #life: string\n  nodeNow = (): number => 0\n' },
      {
        file: kept,
        from: '    this.answers = new AnswerRows(store)\n',
        to: '    this.answers = new AnswerRows(store)\n    this.#rows.nodeNow = () => kit.clock.wallNow?.() ?? 0\n',
      },
    ],
  },
  {
    name: 'believe that a commit without an answer did not happen',
    file: run,
    from: '        const found = await this.#records.probe(seq, actionName, recorded, this.#turn?.key)\n        if (found !== undefined) return found\n',
    to: '        await null\n',
  },
  {
    name: 'resume a session at home without asking whether another server has it',
    file: 'lib/core/server/session-adoption.ts',
    from: 'if (await keeper.isOurs(session)) return true',
    to: 'if (session.id !== undefined) return true',
  },
  {
    name: 'send what only read before it is recorded, where it may have run elsewhere',
    file: run,
    from: 'if (this.#mustCommit || this.#context.mayHaveRun) return',
    to: 'if (this.#mustCommit) return',
    more: [
      {
        file: foreign,
        from: "    if (kind !== 'recorded') {",
        to: "    if (kind !== 'recorded' || answer.kind === Kind.Result) {",
      },
    ],
  },
]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
