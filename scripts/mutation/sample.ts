// Which faults are tried: as many as one likes, drawn evenly from all rooms together, the same for the same seed.
import { Random } from '../../spec/simulation/random.ts'

/** In the order in which they are drawn: more of the same seed are the same ones, and then others. */
export function drawn<T>(all: readonly T[], seed: number): T[] {
  const random = new Random(seed)
  const left = [...all]
  const order: T[] = []
  while (left.length > 0) {
    const at = Math.floor(random.next() * left.length)
    order.push(left[at] as T)
    // The last one takes its place.
    const last = left.pop() as T
    if (at < left.length) left[at] = last
  }
  return order
}
