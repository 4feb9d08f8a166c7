// The state machines of the library: every move of every state, as the header of the file draws them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { StateTable } from '../../lib/core/base/state-table.ts'
import { connectionStates } from '../../lib/core/client/connection.ts'
import { sessionPhases } from '../../lib/core/server/server-session.ts'
import { taskPhases } from '../../lib/features/tasks/tasks.ts'

type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>
type AnyTable = StateTable<Rows>

const machines: readonly { file: string; table: AnyTable; start: string; ends: readonly string[] }[] = [
  { file: 'core/client/connection.ts', table: connectionStates as never, start: 'idle', ends: ['closed'] },
  { file: 'core/server/server-session.ts', table: sessionPhases as never, start: 'new', ends: ['ended'] },
  { file: 'features/tasks/tasks.ts', table: taskPhases as never, start: 'new', ends: ['draining'] },
]

/**
 * The table in a file's header: a line of moves, then a line for each state, with the next states under their moves. What follows
 * the last column is a remark.
 */
function drawnIn(file: string, { rows }: AnyTable): Rows {
  const source = readFileSync(fileURLToPath(new URL(`../../lib/${file}`, import.meta.url)), 'utf8')
  const lines = source.slice(0, source.indexOf('\nimport ')).split('\n')
  const states = Object.keys(rows)
  const moves = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))]
  const head = lines.findIndex((line) => moves.every((move) => new RegExp(`\\b${move}\\b`).test(line)))
  expect(head, `${file}: a line with ${moves.join(', ')}`).to.be.at.least(0)
  const columns = moves.map((move) => ({ move, at: (lines[head] as string).search(new RegExp(`\\b${move}\\b`)) }))
  const drawn: Record<string, Record<string, string>> = {}
  for (const line of lines.slice(head + 1)) {
    const [state] = /[a-z]+/.exec(line) ?? []
    if (state === undefined || !states.includes(state)) continue
    drawn[state] = {}
    for (const { move, at } of columns) {
      const next = /^[a-z]+/.exec(line.slice(at))?.[0]
      if (next !== undefined && line[at - 1] === ' ') drawn[state][move] = next
    }
  }
  return drawn
}

describe('Each state machine', () => {
  for (const { file, table, start, ends } of machines) {
    const { name, rows } = table
    const states = Object.keys(rows)
    const moves = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))]

    describe(name, () => {
      it('is what the header of its file draws', () => {
        expect(drawnIn(file, table)).to.deep.equal(rows)
      })

      for (const state of states)
        for (const move of moves) {
          const next = rows[state]?.[move]
          if (next === undefined)
            it(`cannot ${move} in state ${state}`, () => {
              expect(table.allows(state, move as never)).to.equal(false)
              expect(() => table.next(state, move as never)).to.throw(
                `${name}: illegal move "${move}" in state "${state}"`,
              )
            })
          else
            it(`goes from ${state} by ${move} to ${next}`, () => {
              expect(table.allows(state, move as never)).to.equal(true)
              expect(table.next(state, move as never)).to.equal(next)
            })
        }

      it('can reach each state, and leaves all but the last', () => {
        const reached = new Set([start])
        for (const state of reached) for (const next of Object.values(rows[state] as object)) reached.add(next)
        expect([...reached].sort()).to.deep.equal([...states].sort())
        const left = states.filter((state) => Object.values(rows[state] as object).some((next) => next !== state))
        expect(states.filter((state) => !left.includes(state))).to.deep.equal(ends)
      })
    })
  }
})
