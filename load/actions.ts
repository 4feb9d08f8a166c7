// What the servers of the loads do: contracts only, so that each process loads no more than it runs.
import { Action } from '../lib/index.ts'

/** Answers at once. */
export class Echo extends Action<unknown, unknown> {}

/** Counts how often each number came. */
export class Numbered extends Action<number, number> {}

/** So many numbers, as items. */
export class CountUp extends Action<number, number, number> {}

/** The sum of its input items. */
export class AddUp extends Action<AsyncIterable<number>, number> {}

/** Keeps the processor for so many milliseconds. */
export class Burn extends Action<number, number> {}

/** Takes a fixed time of one of few places; who finds none free waits. */
export class Pooled extends Action<number, number> {}

/** So many bytes, after so many milliseconds. */
export class Make extends Action<{ readonly bytes: number; readonly afterMs: number }, Uint8Array> {}

/** How many bytes its data has, after 400 ms, or its input. */
export class Weigh extends Action<Uint8Array | AsyncIterable<Uint8Array>, number> {}

/** So many items of so many bytes. */
export class MakeItems extends Action<{ readonly items: number; readonly bytes: number }, undefined, Uint8Array> {}

/** Runs until its signal aborts. */
export class UntilCancelled extends Action<undefined, undefined> {}

/** Takes a stream, never reads it, and runs until its signal aborts. */
export class Ignore extends Action<AsyncIterable<unknown>, undefined> {}

/** Has its data, and runs until its signal aborts. */
export class Keep extends Action<unknown, number> {}
