// The public list of isock/testing.

export type { FaultKind } from './testing/fault-schedule.ts'
export { globalClock } from './testing/global-clock.ts'
export { createHarness, type Harness, type HarnessOptions } from './testing/harness.ts'
export type { RecordedCall } from './testing/recorded-calls.ts'
export { type Simulated, type SimulateOptions, SimulationError, simulate } from './testing/simulate.ts'
export type { SimulatedWorld } from './testing/simulated-world.ts'
export { settle, VirtualClock, type VirtualClockOptions } from './testing/virtual-clock.ts'
export {
  type Cut,
  type VirtualConnection,
  VirtualNetwork,
  type VirtualNetworkOptions,
} from './testing/virtual-network.ts'
