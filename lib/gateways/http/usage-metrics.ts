// What a server holds for its clients, as metrics. Without addresses and identities, because clients could flood a monitor with them.
import type { Usage } from '../../core/accounting/usage.ts'
import { gauge, type MetricFamily } from './exposition.ts'

export function usageMetrics({ maxHeldBytes, held, places, shed }: Usage): MetricFamily[] {
  const kinds = Object.entries(held).map(([kind, value]) => ({ labels: { kind }, value }))
  const tables = Object.entries(places).map(([table, { taken, max }]) => ({ labels: { table }, taken, max }))
  const taken = tables.map(({ labels, taken: value }) => ({ labels, value }))
  const most = tables.map(({ labels, max: value }) => ({ labels, value }))
  return [
    { name: 'isock_held_bytes', type: 'gauge', help: 'Memory held for clients, by kind.', samples: kinds },
    gauge('isock_held_bytes_max', 'Above it, the largest holders are evicted.', maxHeldBytes),
    { name: 'isock_places_taken', type: 'gauge', help: 'Places taken by clients, by table.', samples: taken },
    { name: 'isock_places_max', type: 'gauge', help: 'Places in total, by table.', samples: most },
    {
      name: 'isock_shed_total',
      type: 'counter',
      help: 'How often something was evicted to make room.',
      samples: [{ value: shed }],
    },
  ]
}
