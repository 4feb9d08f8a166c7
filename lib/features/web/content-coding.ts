// Chooses the content coding of a file by Accept-Encoding (RFC 9110, 12.5.3).

/** The codings of files that a build may have stored, smallest first. */
export const storedCodings = [
  { coding: 'br', suffix: '.br' },
  { coding: 'gzip', suffix: '.gz' },
] as const

export type StoredCoding = (typeof storedCodings)[number]

/** More members than any real client sends. Further ones are ignored. */
const maxMembers = 32

/**
 * The codings that the client prefers to the plain file, best first. Empty without the header, because such a client may not
 * support any.
 *
 * @example wantedCodings('gzip;q=0.5, br') // br, then gzip
 */
export function wantedCodings(acceptEncoding: string | undefined): readonly StoredCoding[] {
  if (acceptEncoding === undefined) return []
  const weights = weightsIn(acceptEncoding)
  const any = weights.get('*')
  // The plain file is acceptable unless it is listed: then a coding must have at least its weight.
  const plain = weights.get('identity') ?? 0
  const weightOf = ({ coding }: StoredCoding): number =>
    weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined) ?? any ?? 0
  return storedCodings
    .filter((each) => weightOf(each) > 0 && weightOf(each) >= plain)
    .sort((one, other) => weightOf(other) - weightOf(one))
}

/** The weight of each named coding, from 0 to 1. Ignores malformed members. */
function weightsIn(acceptEncoding: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const member of acceptEncoding.split(',', maxMembers)) {
    const [name = '', ...parameters] = member.split(';')
    const coding = name.trim().toLowerCase()
    const weight = weightOf(parameters)
    if (coding !== '' && weight !== undefined) weights.set(coding, weight)
  }
  return weights
}

function weightOf(parameters: readonly string[]): number | undefined {
  if (parameters.length === 0) return 1
  const [, text] = /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameters[0] ?? '') ?? []
  if (text === undefined || parameters.length > 1) return undefined
  const weight = Number(text)
  return weight <= 1 ? weight : undefined
}
