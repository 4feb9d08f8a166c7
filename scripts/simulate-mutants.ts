// npm run simulate:mutants [-- --seeds 4000]
// Plants faults in a copy of the library, one at a time, and shows that the simulation finds each.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

interface Mutant {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
}

const mutants: readonly Mutant[] = [
  {
    name: 'drop the join: a repeated call runs again',
    file: 'lib/session/ledger.ts',
    from: 'if (entry !== undefined && entry.seq >= frame.seq) {',
    to: 'if (entry !== undefined && entry.seq > frame.seq) {',
  },
  {
    name: 'skip the tombstone: a cancel that comes before its call leaves nothing behind',
    file: 'lib/session/ledger.ts',
    from: 'if (entry === undefined || entry.seq < frame.seq) this.#bury(frame, slot, entry)',
    to: 'if (entry === undefined || entry.seq < frame.seq) return',
  },
  {
    name: 'acknowledge early: the answer is forgotten when it was sent',
    file: 'lib/session/answer-store.ts',
    from: '      this.#port.send(call.answer)\n',
    to: "      this.#port.send(call.answer)\n      call.state = 'forgotten'\n",
  },
  {
    name: 'forget the deadline of calls that are sent again',
    file: 'lib/session/call-sender.ts',
    from: '    this.sendCall(call)\n    call.items?.resume()',
    to: '    call.deadlineAtMs = Number.POSITIVE_INFINITY\n    this.sendCall(call)\n    call.items?.resume()',
  },
  {
    name: 'replay the wrong result',
    file: 'lib/session/answer-store.ts',
    from: '      call.isAnswerSent = false\n      this.sendIfReady(call)\n    } else if',
    to: '      call.isAnswerSent = false\n      const other = this.#last?.answer ?? call.answer\n      if (other !== undefined && call.answer !== undefined) call.answer = { ...other, seq: call.seq, items: call.answer.items }\n      this.sendIfReady(call)\n    } else if',
  },
  {
    name: 'resume a session that has expired as if it were the same',
    file: 'lib/client/connection.ts',
    from: 'if (this.session.grant !== undefined) this.session.forget(lostSession())',
    to: "if (this.session.grant !== undefined) this.session.forget(lostSession(), 'server left')",
  },
  {
    name: 'lose the last item of a stream',
    file: 'lib/session/outbound-stream.ts',
    from: 'port.send({ kind, seq, index: this.#next++, value })',
    to: 'const index = this.#next++\n      if (index !== 39) port.send({ kind, seq, index, value })',
  },
  {
    name: 'leak a slot when a call is cancelled',
    file: 'lib/session/sent-calls.ts',
    from: '    this.#slots.release(call.seq)\n',
    to: "    if (call.state !== 'abandoned') this.#slots.release(call.seq)\n",
  },
  {
    name: 'never tell the server of a cancel after a reconnect',
    file: 'lib/session/call-sender.ts',
    from: "if (call.state === 'abandoned') return this.sendCancel(call)",
    to: "if (call.state === 'abandoned') return",
  },
  {
    name: 'say in BYE that all is answered while handlers run',
    file: 'lib/session/session.ts',
    from: 'isClean: this.#ledger?.isClean ?? false',
    to: 'isClean: true',
  },
  {
    name: 'take items twice after a reconnect',
    file: 'lib/session/inbound-stream.ts',
    from: 'if (index < this.#received || this.#end !== undefined) return false',
    to: 'if (this.#end !== undefined) return false',
  },
  {
    name: 'retry what the action threw',
    file: 'lib/session/outgoing-calls.ts',
    from: 'if (frame.notStarted && call.canResend && call.onRefused(frame.error)) this.#handBack(call)',
    to: 'if (call.canResend && call.faults++ < call.retries) {\n      call.restart()\n      this.#waiting.add(call)\n    }',
  },
  {
    name: 'pass the claim of a refusal on for a call that ran in a session before',
    file: 'lib/session/retry-policy.ts',
    from: 'if (!error.notStarted || !call.mayHaveRun) return error',
    to: 'if (call.request) return error',
  },
]

const { values: options } = parseArgs({ options: { seeds: { type: 'string', default: '4000' } } })
const root = fileURLToPath(new URL('..', import.meta.url))
const copy = join(root, '.mutants')
let survivors = 0

for (const mutant of mutants) {
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy)
  for (const part of ['lib', 'spec/simulation', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const file = join(copy, mutant.file)
  const source = readFileSync(file, 'utf8')
  if (!source.includes(mutant.from))
    throw new Error(`${mutant.file} has no «${mutant.from}»: bring the mutant up to date`)
  let mutated = source.replace(mutant.from, () => mutant.to)
  if (mutant.to.includes('this.#last')) {
    // The wrong answer is that of the call that was answered last.
    mutated = mutated
      .replace('  #unsentCount = 0\n', '  #unsentCount = 0\n  #last: IncomingCall | undefined\n')
      .replace('    this.#unsentCount++\n', '    this.#unsentCount++\n    this.#last = call\n')
  }
  writeFileSync(file, mutated)
  const run = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'scripts/simulate.ts', '--seeds', String(options.seeds)],
    {
      cwd: copy,
      encoding: 'utf8',
      timeout: 300_000,
    },
  )
  const found = /seed (\d+): (.*)/.exec(run.stdout)
  // A copy that does not even run has found nothing.
  const isFound = run.status === 1 && found !== null
  if (!isFound) survivors++
  console.log(`${isFound ? 'found   ' : 'SURVIVED'}  ${mutant.name}`)
  console.log(
    `          ${found ? `seed ${found[1]}: ${found[2]}` : (run.stdout + run.stderr).trim().split('\n').slice(-3).join(' | ')}`,
  )
}
rmSync(copy, { recursive: true, force: true })
console.log(`${mutants.length - survivors} of ${mutants.length} planted faults were found`)
process.exitCode = survivors > 0 ? 1 : 0
