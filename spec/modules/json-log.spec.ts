// The log of commands and daemons: one line of JSON for each entry.
import { expect } from 'chai'
import { jsonLogger } from '../../lib/modules/json-log.ts'

describe('A log in lines of JSON', () => {
  let lines: string[]
  const target = { write: (line: string) => void lines.push(line) }
  const entries = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line))

  beforeEach(() => {
    lines = []
  })

  it('has the level, the time, the fields of all entries and of this one, and the message last', () => {
    jsonLogger('info', target, { pid: 7 }).info({ addresses: ['tcp://a:1'] }, 'listening')
    expect(lines).to.have.length(1)
    expect(lines[0]).to.match(
      /^\{"level":"info","time":"\d{4}-.*Z","pid":7,"addresses":\["tcp:\/\/a:1"\],"msg":"listening"\}\n$/,
    )
  })

  it('leaves out what is below its level', () => {
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']) {
      const log = jsonLogger(level, target)
      for (const name of ['debug', 'info', 'warn', 'error', 'fatal'] as const) log[name]({ of: level }, name)
    }
    const written = (level: string) => entries().flatMap(({ of, msg }) => (of === level ? [msg] : []))
    expect(written('trace')).to.deep.equal(['debug', 'info', 'warn', 'error', 'fatal'])
    expect(written('debug')).to.deep.equal(['debug', 'info', 'warn', 'error', 'fatal'])
    expect(written('info')).to.deep.equal(['info', 'warn', 'error', 'fatal'])
    expect(written('warn')).to.deep.equal(['warn', 'error', 'fatal'])
    expect(written('error')).to.deep.equal(['error', 'fatal'])
    expect(written('fatal')).to.deep.equal(['fatal'])
    expect(written('silent')).to.deep.equal([])
  })

  it('shows errors with their own fields, stacks and causes', () => {
    const cause = new TypeError('below')
    const error = Object.assign(new RangeError('it failed', { cause }), { code: 'E_CODE' })
    jsonLogger('info', target).error({ error }, 'an action threw')
    const [entry] = entries() as [{ error: Record<string, unknown> }]
    expect(entry.error).to.include({ type: 'RangeError', message: 'it failed', code: 'E_CODE' })
    expect(entry.error['stack']).to.match(/^RangeError: it failed\n/)
    expect(entry.error['cause']).to.include({ type: 'TypeError', message: 'below' })
  })

  it('says what JSON cannot say in another way, and never throws', () => {
    const circular: Record<string, unknown> = { twice: [{ a: 1 }] }
    circular['self'] = circular
    circular['again'] = circular['twice']
    const error = new Error('mine')
    error.cause = error
    const log = jsonLogger('info', target)
    log.info({ circular, big: 2n ** 70n }, 'odd')
    log.info({ error }, 'its own cause')
    const throws = {
      toJSON: () => {
        throw new Error('no')
      },
    }
    log.info({ throws }, 'still told')
    const [odd, own, told] = entries() as [
      Record<string, unknown>,
      { error: { cause: unknown } },
      Record<string, unknown>,
    ]
    expect(odd).to.include({ big: String(2n ** 70n), msg: 'odd' })
    expect(odd['circular']).to.deep.equal({ twice: [{ a: 1 }], self: '[circular]', again: [{ a: 1 }] })
    expect(own.error.cause).to.equal('[circular]')
    expect(told).to.include({ level: 'info', msg: 'still told', unprintable: 'Error: no' })
  })
})
