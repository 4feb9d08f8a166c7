// The data of a call, from the command line or standard input.
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { readCallData } from '../../lib/cli/call-data.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { CommandFailure } from '../../lib/cli/failure.ts'

/** Does the work with these chunks in standard input. */
async function withInput<T>(chunks: readonly (string | Uint8Array)[], work: () => Promise<T>): Promise<T> {
  const before = Object.getOwnPropertyDescriptor(process, 'stdin') as PropertyDescriptor
  const stdin = Readable.from(chunks.map((chunk) => Buffer.from(chunk as string)))
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  try {
    return await work()
  } finally {
    Object.defineProperty(process, 'stdin', before)
  }
}

async function failureOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    expect(error).to.be.instanceOf(CommandFailure)
    expect((error as CommandFailure).exitCode).to.equal(exitCodes.usage)
    return (error as CommandFailure).message
  }
  throw new Error('it did not fail')
}

const given = (json: string | undefined): Promise<unknown> => readCallData({ json, isStreamed: false })
const piped = (...chunks: readonly (string | Uint8Array)[]): Promise<unknown> => withInput(chunks, () => given('-'))

/** The items before the end, or before the failure, whose message is the last one then. */
async function lines(...chunks: readonly string[]): Promise<unknown[]> {
  const items: unknown[] = []
  await withInput(chunks, async () => {
    const read = (await readCallData({ json: undefined, isStreamed: true })) as AsyncIterable<unknown>
    try {
      for await (const item of read) items.push(item)
    } catch (error) {
      items.push((error as Error).message)
    }
  })
  return items
}

describe('The data of a call', () => {
  it('is none, or JSON of the command line', async () => {
    expect(await given(undefined)).to.equal(undefined)
    expect(await given('{"a":[1]}')).to.deep.equal({ a: [1] })
    expect(await given('null')).to.equal(null)
    expect(await given('-1')).to.equal(-1)
  })

  it('is JSON of standard input for -, all chunks together', async () => {
    expect(await piped('{"a"', ':1}\n')).to.deep.equal({ a: 1 })
    const bytes = Buffer.from('"ä"')
    expect(await piped(bytes.subarray(0, 2), bytes.subarray(2))).to.equal('ä')
  })

  it('shows where it is not JSON, and where that was given', async () => {
    expect(await failureOf(() => given('{"a" 1}'))).to.match(/^\[json\] is not JSON: .*":"/s)
    expect(await failureOf(() => piped('{"a" 1}'))).to.match(/^standard input is not JSON: .*":"/s)
    expect(await failureOf(() => given(''))).to.match(/^\[json\] is not JSON: /)
  })

  it('tells that a bare word needs quotes, and of nothing else that it does', async () => {
    expect((await failureOf(() => given('hello'))).endsWith(`\n  a text needs quotes: '"hello"'`)).to.equal(true)
    for (const text of ['', 'a b', 'a"', '{a', 'a}', '[a', 'a]', 'a:', 'a,', '"a'])
      expect(await failureOf(() => given(text)), text).to.not.include('needs quotes')
  })
})

describe('The streamed data of a call', () => {
  it('is an item of each line that is not empty', async () => {
    expect(await lines('1\n\n  \n{"a"', ':2}\n"x"')).to.deep.equal([1, { a: 2 }, 'x'])
    expect(await lines('')).to.deep.equal([])
  })

  it('names the line that is not JSON, counting the empty ones', async () => {
    const [first, message] = await lines('1\n\nno\n2\n')
    expect(first).to.equal(1)
    expect(message).to.match(/^line 3 of standard input is not JSON: .*\n {2}a text needs quotes: '"no"'$/s)
  })

  it('goes with no data of the command line', async () => {
    const both = await failureOf(() => readCallData({ json: '1', isStreamed: true }))
    expect(both).to.equal('give either [json] or --stdin, not both')
    expect(await failureOf(() => readCallData({ json: '-', isStreamed: true }))).to.equal(both)
  })
})
