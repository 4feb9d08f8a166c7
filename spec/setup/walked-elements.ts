// How many elements of arrays, sets and maps some work walks over: what tells a cost that grows with the number of waiting
// calls from one that grows with its square, on a machine of any speed.

/** Methods of arrays that look at, or move, up to all elements. */
const walking = [
  'every',
  'filter',
  'find',
  'findIndex',
  'forEach',
  'includes',
  'indexOf',
  'lastIndexOf',
  'map',
  'shift',
  'slice',
  'some',
  'splice',
  'unshift',
] as const

type AnyMethod = (this: { length: number }, ...args: unknown[]) => unknown
type Iterate = (this: unknown) => IterableIterator<unknown>

/** Counts while the work runs, until it has settled. Arrays count in full, sets and maps as far as they are read. */
export async function elementsWalked(work: () => unknown): Promise<number> {
  let count = 0
  const restore: (() => void)[] = []
  const replace = (owner: object, name: PropertyKey, make: (original: never) => unknown): void => {
    const former = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor
    Object.defineProperty(owner, name, { ...former, value: make(former.value as never) })
    restore.push(() => Object.defineProperty(owner, name, former))
  }
  const walksAll = (original: AnyMethod): AnyMethod =>
    function (...args) {
      count += this.length
      return Reflect.apply(original, this, args)
    }
  const walksAsRead = (original: Iterate): Iterate =>
    function () {
      const iterator = Reflect.apply(original, this, []) as IterableIterator<unknown>
      const next = iterator.next.bind(iterator)
      iterator.next = () => {
        count++
        return next()
      }
      return iterator
    }
  for (const name of [...walking, Symbol.iterator]) replace(Array.prototype, name, walksAll)
  for (const owner of [Set.prototype, Map.prototype]) replace(owner, Symbol.iterator, walksAsRead)
  // What was counted so far is our own.
  const before = count
  try {
    await work()
    return count - before
  } finally {
    for (const undo of restore) undo()
  }
}
