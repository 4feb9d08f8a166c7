// How long a run will take, roughly: so that nobody waits for half an hour who has ten minutes.
import { firstWarmUpMs, warmUpShare } from './pair.ts'
import { chosenCurves, type Plan, seatsOf } from './run.ts'
import { pointMs, roundsOf } from './scale/measure-curve.ts'

/** To start two processes and to end them. */
const startMs = 1_000
/** Beside the sample itself: to open links, to sort, to write what lasts longer than asked for. */
const spareShare = 0.35
const superjsonMs = 700

export function estimatedMs(plan: Plan): number {
  const seats = seatsOf(plan)
  const sittingMs = seats
    .flatMap(({ runners }) => runners)
    .reduce((sum, { cells }) => sum + startMs + firstWarmUpMs + cells.length * cellMs(plan.ms), 0)
  const mixMs = seats.some(({ sitting }) => sitting.group === 'mix') ? superjsonMs : 0
  const curvesMs = chosenCurves(plan).reduce((sum, curve) => {
    const roundMs = curve.roundMs ?? curve.points.length * cellMs(pointMs(plan.ms))
    return sum + curve.prepareMs + roundsOf(curve, plan.rounds) * roundMs
  }, 0)
  return plan.rounds * (sittingMs + mixMs) + curvesMs
}

function cellMs(ms: number): number {
  return ms * (1 + warmUpShare + spareShare)
}
