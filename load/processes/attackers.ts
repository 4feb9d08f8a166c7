// The attackers: { do: 'attack', name, origin, seconds, target } runs one attack and drops all its links.
import { Front, type Origin, type Target } from '../attacks/attack.ts'
import { attackNamed } from '../attacks/catalog.ts'
import { takeOrders } from './orders.ts'

interface AttackOrder {
  readonly name: string
  readonly origin: Origin
  readonly seconds: number
  readonly target: Target
}

takeOrders({
  async attack({ name, origin, seconds, target }: AttackOrder): Promise<Readonly<Record<string, number>>> {
    const front = new Front(target, origin, seconds)
    try {
      await attackNamed(name).run(front)
    } finally {
      front.close()
    }
    return front.counts
  },
})
