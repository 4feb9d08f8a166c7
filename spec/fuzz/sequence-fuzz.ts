// Sequences of frames into one server: see sequence.ts for what is done, sequence-world.ts for what must hold.
import fc from 'fast-check'
import { FrameLink } from '../../lib/core/link/frame-link.ts'
import { anySequence, type Step } from './sequence.ts'
import { SequenceWorld } from './sequence-world.ts'

/** What a link says when something else than an isock error was thrown while it read. */
const unreadable = 'a frame could not be read'

/**
 * Listens for what nobody catches in this process, which must be one that does nothing else; and for what a link catches
 * that is no fault of its peer: whatever a frame causes is told as one of isock's own errors.
 */
export function collectUncaught(): unknown[] {
  const uncaught: unknown[] = []
  process.on('uncaughtException', (error) => uncaught.push(error))
  process.on('unhandledRejection', (error) => uncaught.push(error))
  const { close } = FrameLink.prototype
  FrameLink.prototype.close = function (reason, how) {
    if (reason.message === unreadable) uncaught.push(reason.cause)
    return close.call(this, reason, how)
  }
  return uncaught
}

/** One world for all runs, until one fails. `onRun` is told of each run. */
export function sequenceProperty(uncaught: unknown[], onRun: () => void): fc.IAsyncProperty<[readonly Step[]]> {
  let world: SequenceWorld | undefined
  return fc.asyncProperty(anySequence, async (steps) => {
    onRun()
    world ??= await SequenceWorld.open(uncaught)
    try {
      await world.run(steps)
    } catch (error) {
      // What it left behind is not the fault of the next run, which may be a shorter form of this one.
      world = undefined
      throw error
    }
  })
}
