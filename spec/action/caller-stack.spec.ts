// Which code an error's stack names: that which waits for the call, however it came to wait.
import { expect } from 'chai'
import { withCallerStack } from '../../lib/core/action/caller-stack.ts'

/** A promise that is rejected as those of calls are, in the tick in which it is made. */
function refused(error: unknown, ownLines: 'keep' | 'drop' = 'drop'): Promise<never> {
  return new Promise((resolve, reject) => {
    withCallerStack(error, ownLines).then(resolve, reject)
  })
}

async function stackOf(waiting: () => Promise<unknown>): Promise<string[]> {
  // In a tick of its own, so that no line of it is there from the beginning.
  await new Promise(setImmediate)
  try {
    await waiting()
  } catch (error) {
    return String((error as Error).stack).split('\n')
  }
  throw new Error('it was not rejected')
}

describe('The stack of an error that comes from elsewhere', () => {
  const waits: Record<string, () => Promise<unknown>> = {
    'awaits it': async function waiter() {
      await refused(new Error('gone'))
    },
    'awaits it a turn later': async function waiter() {
      const promise = refused(new Error('gone'))
      await undefined
      await promise
    },
    'awaits what returns it': async function waiter() {
      await (async () => refused(new Error('gone')))()
    },
    'awaits it among others': async function waiter() {
      await Promise.all([refused(new Error('gone'))])
    },
  }
  for (const [how, waiting] of Object.entries(waits))
    it(`names the function that ${how}, and no line of its own`, async () => {
      const [head, ...lines] = await stackOf(waiting)
      expect(head).to.equal('Error: gone')
      expect(lines.join('\n')).to.match(/at async waiter /)
      expect(lines.join('\n')).to.not.contain('new Promise')
    })

  it('keeps the lines of where it was thrown, before those that wait', async () => {
    const error = new Error('gone')
    error.stack = 'Error: gone\n    at there (there.js:1:1)'
    const [, first, ...lines] = await stackOf(async function waiter() {
      await refused(error, 'keep')
    })
    expect(first).to.equal('    at there (there.js:1:1)')
    expect(lines.join('\n')).to.match(/at async waiter /)
  })

  it('is left as it is where it cannot be changed, or is no error', async () => {
    const frozen = Object.freeze(new Error('gone'))
    const { stack } = frozen
    for (const error of [frozen, 'a text', undefined]) {
      const reason = await refused(error).catch((given: unknown) => given)
      expect(reason).to.equal(error)
    }
    // In newer engines it is an accessor, whose setter works for frozen ones too.
    const isField = Object.getOwnPropertyDescriptor(frozen, 'stack')?.get === undefined
    if (isField) expect(frozen.stack).to.equal(stack)
  })
})
