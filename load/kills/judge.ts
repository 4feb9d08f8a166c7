// Compares what the callers heard with what the store and the file of effects have. Knows nothing of sessions, servers and faults.
import { accounts, lists, type Outcome, opening } from './contracts.ts'

/** What a handler wrote. */
export interface Written {
  readonly call: string
  readonly token: string
  readonly value: number
}

export interface Evidence {
  readonly outcomes: readonly Outcome[]
  readonly balances: readonly { readonly name: string; readonly balance: number }[]
  readonly sizes: readonly { readonly name: string; readonly size: number }[]
  readonly entries: readonly (Written & { readonly payer: string; readonly payee: string; readonly amount: number })[]
  readonly items: readonly (Written & { readonly list: string })[]
  readonly effects: readonly Omit<Written, 'value'>[]
}

/** How often each promise was broken. */
export interface Breaches {
  /** Accounts whose balance is not that of their entries, and a sum that has changed. */
  sums: number
  /** Effects beyond the first of a call. */
  doubles: number
  /** Answered, but there is no effect. */
  lost: number
  /** Answered with something else than what was written, or in two ways. */
  wrong: number
  /** The caller heard that nothing was kept, but there is an effect. */
  untrue: number
  /** Unknown outcomes of transactional calls. */
  unknown: number
  /** Lists whose places are not 1 to their size. */
  gaps: number
  /** Errors of other kinds, and effects of calls that nobody made. */
  unexpected: number
}

export interface Verdict {
  readonly breaches: Breaches
  /** The first of them. */
  readonly examples: readonly string[]
  /** What callers heard in place of answers, and how often. */
  readonly errors: Readonly<Record<string, number>>
}

const mostExamples = 20

/** `isFinal`: all calls have ended. Else the outcomes were read before the rest. */
export function judge(evidence: Evidence, isFinal: boolean): Verdict {
  return new Judge(evidence, isFinal).verdict()
}

class Judge {
  readonly #evidence: Evidence
  readonly #isFinal: boolean
  readonly #written = new Map<string, { readonly token: string; readonly value?: number }[]>()
  readonly #examples: string[] = []
  readonly #breaches: Breaches = {
    sums: 0,
    doubles: 0,
    lost: 0,
    wrong: 0,
    untrue: 0,
    unknown: 0,
    gaps: 0,
    unexpected: 0,
  }

  constructor(evidence: Evidence, isFinal: boolean) {
    this.#evidence = evidence
    this.#isFinal = isFinal
    for (const each of [...evidence.entries, ...evidence.items, ...evidence.effects]) {
      const all = this.#written.get(each.call)
      if (all === undefined) this.#written.set(each.call, [each])
      else all.push(each)
    }
  }

  verdict(): Verdict {
    this.#judgeAccounts()
    this.#judgeLists()
    for (const [call, all] of this.#written) if (all.length > 1) this.#broken('doubles', `${call} has ${all.length}`)
    const asked = new Map<string, Outcome[]>()
    for (const outcome of this.#evidence.outcomes) {
      const former = asked.get(outcome.id)
      if (former === undefined) asked.set(outcome.id, [outcome])
      else former.push(outcome)
    }
    for (const outcomes of asked.values()) this.#judgeCall(outcomes)
    if (this.#isFinal)
      for (const call of this.#written.keys())
        if (!asked.has(call)) this.#broken('unexpected', `${call} has an effect, and no outcome`)
    return { breaches: this.#breaches, examples: this.#examples, errors: this.#errors() }
  }

  #errors(): Record<string, number> {
    const errors: Record<string, number> = {}
    for (const { kind, word, error } of this.#evidence.outcomes)
      if (error !== undefined && word !== 'refused')
        errors[`${word} (${kind}): ${error}`] = (errors[`${word} (${kind}): ${error}`] ?? 0) + 1
    return errors
  }

  #judgeAccounts(): void {
    const { balances, entries } = this.#evidence
    const expected = new Map(accounts.map((name) => [name, opening]))
    for (const { payer, payee, amount } of entries) {
      expected.set(payer, (expected.get(payer) ?? 0) - amount)
      expected.set(payee, (expected.get(payee) ?? 0) + amount)
    }
    for (const { name, balance } of balances)
      if (balance !== expected.get(name) || balance < 0)
        this.#broken('sums', `${name} has ${balance}, its entries say ${expected.get(name)}`)
    const sum = balances.reduce((total, { balance }) => total + balance, 0)
    if (sum !== opening * accounts.length) this.#broken('sums', `the sum is ${sum}, not ${opening * accounts.length}`)
  }

  #judgeLists(): void {
    const { sizes, items } = this.#evidence
    for (const list of lists) {
      const places = items.filter((item) => item.list === list).map(({ value }) => value)
      const size = sizes.find(({ name }) => name === list)?.size
      const isWhole = places.sort((a, b) => a - b).every((place, i) => place === i + 1)
      if (!isWhole || size !== places.length) this.#broken('gaps', `${list}: ${places.length} places of ${size}`)
    }
  }

  /** The outcomes of one call, of which there may be several if it has a key. */
  #judgeCall(outcomes: readonly Outcome[]): void {
    const [{ id = '', kind = 'append', isKeyed = false } = {}] = outcomes
    const [written] = this.#written.get(id) ?? []
    const answers = outcomes.filter(({ word }) => word === 'ok')
    for (const { receipt } of answers) {
      if (written === undefined) this.#broken('lost', `${id} was answered, and has no effect`)
      else if (receipt?.token !== written.token || (written.value !== undefined && receipt.value !== written.value))
        this.#broken('wrong', `${id} was answered ${JSON.stringify(receipt)}, and wrote ${JSON.stringify(written)}`)
    }
    for (const { word, error = '', isFirst = false } of outcomes) {
      const keptNothing = word === 'refused' || word === 'not kept' || word === 'not started'
      // With a key, a later call may have had the effect; but what was refused stays refused.
      if (keptNothing && written !== undefined && (!isKeyed || word === 'refused'))
        this.#broken('untrue', `${id} (${kind}) has an effect, and its caller heard "${error}"`)
      if (word === 'other') this.#broken('unexpected', `${id} (${kind}): ${error}`)
      if (word !== 'unknown' || kind === 'effect') continue
      if (!isFirst) this.#broken('unknown', `${id} (${kind}): ${error}`)
      else if (written !== undefined) this.#broken('untrue', `${id} was the first of its session, lost, and was kept`)
    }
  }

  #broken(which: keyof Breaches, example: string): void {
    this.#breaches[which]++
    if (this.#examples.length < mostExamples) this.#examples.push(`${which}: ${example}`)
  }
}
