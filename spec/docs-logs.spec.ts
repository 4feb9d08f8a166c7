// The table of what is logged, held against the calls of loggers in a server's sources.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('..', import.meta.url))
const levels = ['error', 'warn', 'info', 'debug']

/** What a server's own log gets: rooms with other logs, of clients and commands, have their own pages. */
const rooms = ['core/action', 'core/link', 'core/server', 'features', 'gateways']

interface Source {
  readonly file: string
  /** Without comments. */
  readonly text: string
  readonly levels: ReadonlySet<string>
}

function sources(): Source[] {
  return rooms.flatMap((room) =>
    readdirSync(join(root, 'lib', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => {
        const text = readFileSync(join(root, 'lib', room, name), 'utf8').replace(/^\s*(?:\*|\/\/).*$/gm, '')
        const used = [...text.matchAll(/\blog\??\.(debug|info|warn|error)\(/g)].map(([, level = '']) => level)
        return { file: `${room}/${name.replaceAll('\\', '/')}`, text, levels: new Set(used) }
      })
      .filter((source) => source.levels.size > 0),
  )
}

/** Each message of the table, in the pieces around what varies. */
function rows(): { level: string; message: string }[] {
  const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')
  return [...page.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].flatMap(([, level = '', cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, message = '']) => ({ level, message })),
  )
}

/** Messages whose text is made of parts, and those of the bounded log. */
const madeElsewhere: Record<string, string> = {
  'task "cleanup" failed': 'failed`',
  'action "Order" threw': '" threw`',
  'refused host': 'refused $' + '{header}',
  'refused origin': 'refused $' + '{header}',
  'the event loop was busy for more than 1 s': 'the event loop was busy for more than',
}

describe('The table of what a server logs', () => {
  it('has only what is logged, each at its level', () => {
    const all = sources()
    expect(rows()).to.have.length.above(30)
    const untrue = rows().filter(({ level, message }) => {
      const text = madeElsewhere[message] ?? message.trim()
      return (
        !all.some((source) => source.levels.has(level) && source.text.includes(text)) && !/^20 errors/.test(message)
      )
    })
    expect(untrue).to.deep.equal([])
    for (const { level } of rows()) expect(levels).to.include(level)
  })

  it('has a message of each level that each source uses', () => {
    const missing = sources().flatMap(({ file, text, levels: used }) =>
      [...used]
        .filter(
          (level) =>
            !rows().some(
              (row) => row.level === level && text.includes(madeElsewhere[row.message] ?? row.message.trim()),
            ),
        )
        .map((level) => `${file}: ${level}`),
    )
    // Bounds of the table's own rows, and the log of a thread's handler, which the table has for all handlers.
    expect(missing).to.deep.equal(['features/web/refusal-log.ts: debug'])
  })
})
