// Time that a spec moves on by itself: the one that users have for their tests.
export { settle, VirtualClock } from '../../lib/testing/virtual-clock.ts'
