// How the items, result and error of a call are printed: for people, on a terminal and elsewhere, and for programs.
import { expect } from 'chai'
import { HumanPrinter, JsonPrinter } from '../../lib/cli/printer.ts'
import { BusyError, RemoteError, ValidationError } from '../../lib/core/base/errors.ts'
import { setRemote } from '../../lib/core/base/remote.ts'

type Screen = { isTTY?: boolean; columns?: number; hasColors?: () => boolean }

/** What is written to a stream of this process meanwhile, which is such a screen. */
async function written(name: 'stdout' | 'stderr', screen: Screen, work: () => Promise<void>): Promise<string> {
  const stream = process[name]
  const chunks: Buffer[] = []
  const write = (chunk: string | Uint8Array): boolean => {
    chunks.push(Buffer.from(chunk as string))
    return true
  }
  const faked: Record<string, unknown> = { isTTY: false, columns: undefined, hasColors: undefined, ...screen, write }
  const before = Object.keys(faked).map((key) => [key, Object.getOwnPropertyDescriptor(stream, key)] as const)
  for (const [key, value] of Object.entries(faked))
    Object.defineProperty(stream, key, { value, configurable: true, writable: true })
  try {
    await work()
  } finally {
    for (const [key, descriptor] of before) {
      Reflect.deleteProperty(stream, key)
      if (descriptor !== undefined) Object.defineProperty(stream, key, descriptor)
    }
  }
  return Buffer.concat(chunks).toString('utf8')
}

const shown = (value: unknown, screen: Screen = {}, isRaw?: boolean): Promise<string> =>
  written('stdout', screen, () => new HumanPrinter(isRaw).item(value))

const told = (error: unknown): Promise<string> => written('stderr', {}, () => new HumanPrinter().error(error))

const lineOf = async (work: (printer: JsonPrinter) => Promise<void>): Promise<unknown> => {
  const text = await written('stdout', {}, () => work(new JsonPrinter()))
  expect(text.endsWith('}\n')).to.equal(true)
  return JSON.parse(text)
}

const errorLineOf = async (error: unknown): Promise<unknown> =>
  JSON.parse(await written('stderr', {}, () => new JsonPrinter().error(error)))

const bell = '\u0007'

describe('The printer for people', () => {
  it('prints text as it is elsewhere, or where it is raw, and escaped on a terminal', async () => {
    expect(await shown(`a${bell}`)).to.equal(`a${bell}\n`)
    expect(await shown(`a${bell}`, { isTTY: true })).to.equal('a\\x07\n')
    expect(await shown(`a${bell}`, { isTTY: true }, true)).to.equal(`a${bell}\n`)
  })

  it('prints other values in the form of Node, escaped on a terminal', async () => {
    const value = new Map([[new Error(bell).message, 1]])
    expect(await shown({ a: [1] })).to.equal('{ a: [ 1 ] }\n')
    expect(await shown(value, { isTTY: true })).to.equal("Map(1) { '\\x07' => 1 }\n")
    expect(await shown(new RegExp(bell))).to.equal(`/${bell}/\n`)
    expect(await shown(new RegExp(bell), { isTTY: true })).to.equal('/\\x07/\n')
    expect(await shown(new RegExp(bell), { isTTY: true }, true)).to.equal(`/${bell}/\n`)
    expect(await shown(undefined)).to.equal('undefined\n')
  })

  it('cuts nothing off: neither depth, items, nor text', async () => {
    const deep = { a: { b: { c: { d: { e: 1 } } } } }
    expect(await shown(deep)).to.include('{ c: { d: { e: 1 } } }')
    expect((await shown(Array.from({ length: 150 }, () => 7))).match(/7/g)).to.have.length(150)
    expect(await shown(['x'.repeat(20_000)])).to.have.length.above(20_000)
    for (const isTTY of [true, false]) expect(await shown(deep, { isTTY })).to.not.include('[Object]')
  })

  it('is as wide as the terminal, or 80 columns, and has colors where it has', async () => {
    // Node leaves 25 columns free of a value with two such texts.
    const two = (length: number): object => ({ a: 'x'.repeat(10), b: 'x'.repeat(length - 35) })
    for (const [screen, columns] of [
      [{}, 80],
      [{ columns: 60 }, 60],
      [{ columns: 61 }, 61],
      [{ columns: 81 }, 81],
    ] as const) {
      expect((await shown(two(columns), screen)).split('\n'), String(columns)).to.have.length(2)
      expect((await shown(two(columns + 1), screen)).split('\n'), String(columns)).to.have.length(5)
    }
    expect(await shown(1, { hasColors: () => true })).to.equal('\u001b[33m1\u001b[39m\n')
    expect(await shown(1, { isTTY: true, hasColors: () => true })).to.equal('\u001b[33m1\u001b[39m\n')
    expect(await shown(1, { isTTY: true, hasColors: () => false })).to.equal('1\n')
  })

  it('tells of bytes how many, and the first 16', async () => {
    const hint = '(--raw writes them as they are)\n'
    const first = Array.from({ length: 16 }, (_, i) => i.toString(16).padStart(2, '0')).join(' ')
    const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)
    expect(await shown(bytes(0))).to.equal(`0 bytes ${hint}`)
    expect(await shown(bytes(1))).to.equal(`1 bytes: 00 ${hint}`)
    expect(await shown(bytes(16))).to.equal(`16 bytes: ${first} ${hint}`)
    expect(await shown(bytes(17))).to.equal(`17 bytes: ${first} ... ${hint}`)
    expect(await shown(Uint8Array.of(104, 105), {}, true)).to.equal('hi')
    expect(await shown(Uint8Array.of(104, 105), { isTTY: true }, true)).to.equal('hi')
  })

  it('prints a result, if there is one', async () => {
    const result = (value: unknown): Promise<string> => written('stdout', {}, () => new HumanPrinter().result(value))
    expect(await result(undefined)).to.equal('')
    expect(await result(null)).to.equal('null\n')
    expect(await result(0)).to.equal('0\n')
  })
})

describe('An error for people', () => {
  it('has its name, message, code, fields and cause on lines of their own', async () => {
    const error = Object.assign(new TypeError('no', { cause: new RangeError('far') }), { code: 7, seat: { row: 'a' } })
    expect(await told(error)).to.equal("TypeError: no\n  code: 7\n  seat: { row: 'a' }\n  cause: RangeError: far\n")
    expect(await told(new Error('no', { cause: 'text' }))).to.equal('Error: no\n')
  })

  it('is what was thrown, where that is no error', async () => {
    expect(await told('no')).to.equal("thrown: 'no'\n")
    expect(await told({ a: 1 })).to.equal('thrown: { a: 1 }\n')
  })

  it('escapes what a terminal would obey', async () => {
    expect(await told(new Error(bell))).to.equal('Error: \\x07\n')
  })

  it('has the code of an error of this library, but not what serves only retries', async () => {
    expect(await told(new BusyError('full', { retryAfterMs: 5 }))).to.equal(
      'BusyError: full\n  code: BUSY\n  retryAfterMs: 5\n',
    )
  })

  it('has the data of a remote error, and no code where there is none', async () => {
    const fields = { name: 'SeatError', message: 'taken', data: { seat: 3 } }
    expect(await told(new RemoteError({ ...fields, code: 'TAKEN' }))).to.equal(
      'SeatError: taken\n  code: TAKEN\n  seat: 3\n',
    )
    expect(await told(new RemoteError(fields))).to.equal('SeatError: taken\n  seat: 3\n')
  })

  it('has the issues of a check that its message has not', async () => {
    const issues = [{ message: 'bad', path: ['a', 0] }, { message: 'worse', path: [] }, { message: 'worst' }]
    const error = new ValidationError('invalid: a.0: bad', issues)
    const text = await told(error)
    expect(text).to.match(/^ValidationError: invalid: a\.0: bad\n {2}code: INVALID_INPUT\n {2}issues: /)
    expect(text.endsWith('\n  worse\n  worst\n')).to.equal(true)
    expect(text.match(/a\.0: bad/g)).to.have.length(1)
    expect(await told(new ValidationError('invalid', [{ message: 'bad', path: ['a', 0] }]))).to.include(
      '\n  a.0: bad\n',
    )
  })

  it("has the id in the server's log, for an error that no class declares", async () => {
    const remote = { action: 'A', address: 'tcp://a', errorId: 'abc-1' }
    const own = new RangeError('no')
    const busy = new BusyError('full')
    setRemote(own, remote)
    setRemote(busy, remote)
    expect(await told(own)).to.equal("RangeError: no\n  errorId: abc-1 (in the server's log)\n")
    expect(await told(busy)).to.equal('BusyError: full\n  code: BUSY\n')
  })
})

describe('The printer for programs', () => {
  it('names the kind of each line', async () => {
    expect(await lineOf((printer) => printer.item({ a: 1 }))).to.deep.equal({ kind: 'item', json: { a: 1 } })
    expect(await lineOf((printer) => printer.result('b'))).to.deep.equal({ kind: 'result', json: 'b' })
    expect(await lineOf((printer) => printer.result(undefined))).to.deep.equal({ kind: 'result' })
    expect(await lineOf((printer) => printer.result(null))).to.deep.equal({ kind: 'result', json: null })
  })

  it('has bytes in base64: only their part of a buffer', async () => {
    const part = Uint8Array.of(0, 104, 105, 0).subarray(1, 3)
    expect(await lineOf((printer) => printer.item(part))).to.deep.equal({ kind: 'item', bytes: ['aGk='] })
    const line = (await lineOf((printer) => printer.item({ part }))) as Record<string, unknown>
    expect(line['bytes']).to.deep.equal(['aGk='])
    expect(line).to.have.all.keys('kind', 'json', 'meta', 'bytes')
  })

  it('has the meta of values that JSON has not, and bytes only where there are some', async () => {
    const line = await lineOf((printer) => printer.item({ at: new Date(0) }))
    expect(line).to.have.all.keys('kind', 'json', 'meta')
    expect(line).to.deep.include({ kind: 'item', json: { at: '1970-01-01T00:00:00.000Z' } })
  })

  it('escapes nothing but on a terminal', async () => {
    const item = (screen: Screen): Promise<string> => written('stdout', screen, () => new JsonPrinter().item('\u009b'))
    expect(await item({})).to.equal('{"kind":"item","json":"\u009b"}\n')
    expect(await item({ isTTY: true })).to.equal('{"kind":"item","json":"\\u009b"}\n')
  })

  it('tells of an error its name, message, code and fields, to standard error', async () => {
    expect(await errorLineOf(new Error('no'))).to.deep.equal({ kind: 'error', name: 'Error', message: 'no' })
    expect(await errorLineOf(Object.assign(new Error('no'), { code: 'E', a: 1 }))).to.deep.equal({
      kind: 'error',
      name: 'Error',
      message: 'no',
      code: 'E',
      json: { a: 1 },
    })
    expect(await errorLineOf(new BusyError('full'))).to.deep.equal({
      kind: 'error',
      name: 'BusyError',
      message: 'full',
      code: 'BUSY',
    })
    const issues = [{ message: 'bad' }]
    expect(await errorLineOf(new ValidationError('no', issues))).to.deep.equal({
      kind: 'error',
      name: 'ValidationError',
      message: 'no',
      code: 'INVALID_INPUT',
      json: { issues },
    })
  })

  it('tells what was thrown, where that is no error', async () => {
    const thrown = { kind: 'error', name: 'thrown' }
    expect(await errorLineOf('no')).to.deep.equal({ ...thrown, message: "'no'", json: 'no' })
    expect(await errorLineOf(null)).to.deep.equal({ ...thrown, message: 'null', json: null })
    expect(await errorLineOf({ a: 1 })).to.deep.equal({ ...thrown, message: '{ a: 1 }', json: { a: 1 } })
    expect(await errorLineOf({})).to.deep.equal({ ...thrown, message: '{}' })
    expect(await errorLineOf(undefined)).to.deep.equal({ ...thrown, message: 'undefined' })
  })
})
