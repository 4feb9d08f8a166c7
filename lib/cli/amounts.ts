// Amounts for people: sizes and times in units that fit them.

const sizeUnits = ['bytes', 'KiB', 'MiB', 'GiB'] as const
const timeUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** As in `3.4 MiB`. */
export function amountOf(bytes: number): string {
  let amount = bytes
  let unit = 0
  for (; amount >= 1_024 && unit < sizeUnits.length - 1; unit++) amount /= 1_024
  if (unit === 0) return amount === 1 ? '1 byte' : `${amount} bytes`
  return `${amount.toFixed(1)} ${sizeUnits[unit]}`
}

/** As in `5 min`: whole units, rounded down. undefined: `-`. */
export function durationOf(ms: number | undefined): string {
  if (ms === undefined) return '-'
  const [unit, size] = timeUnits.find(([, least]) => ms >= least) ?? ['ms', 1]
  return `${Math.floor(ms / size)} ${unit}`
}
