// PostgreSQL's format of points in time.

const timestamp =
  /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/
/** The end of the seconds in `2024-05-06 07:08:09`. */
const secondsEnd = 19

/**
 * Converts PostgreSQL's format, in any zone of its session, to that of toISOString(): `2024-05-06 07:08:09.01+00` becomes
 * `2024-05-06T07:08:09.010Z`. JavaScript's own parser misreads early years, and does not know the seconds of
 * old zones.
 */
export function isoTime(text: string): string {
  // The usual case, ten times as fast.
  if (text.endsWith('+00') && text.charAt(10) === ' ') {
    const fraction = text.slice(secondsEnd + 1, -3).padEnd(3, '0')
    return `${text.slice(0, 10)}T${text.slice(11, secondsEnd)}.${fraction}Z`
  }
  const found = timestamp.exec(text)
  if (found === null) return text
  const [, year, month, day, hour, minute, second, fraction = '0', sign, zoneHour, zoneMinute, zoneSecond, bc] = found
  const date = new Date(0)
  date.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  const ahead = Number(zoneHour) * 3_600 + Number(zoneMinute ?? 0) * 60 + Number(zoneSecond ?? 0)
  const seconds = Number(second) - (sign === '-' ? -ahead : ahead)
  date.setUTCHours(Number(hour), Number(minute), seconds, Number(fraction.padEnd(3, '0')))
  return date.toISOString()
}
