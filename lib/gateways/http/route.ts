// The paths of the gateway.

export type Route =
  | { readonly to: 'actions' }
  | { readonly to: 'action'; readonly name: string }
  | { readonly to: 'channel'; readonly name: string }
  | { readonly to: 'health'; readonly check: 'live' | 'ready' }
  | { readonly to: 'metrics' }
  /** A path below /actions or /channels that does not exist. */
  | { readonly to: 'unknown' }

/** Parses a path. Returns undefined for paths that are not the gateway's. */
export function routeOf(pathname: string, prefix: string): Route | undefined {
  if (!pathname.startsWith(`${prefix}/`)) return undefined
  const [first, name, ...rest] = pathname.slice(prefix.length + 1).split('/')
  if (first === 'metrics' && name === undefined) return { to: 'metrics' }
  if (first === 'actions' && name === undefined) return { to: 'actions' }
  if (first === 'health' && (name === 'live' || name === 'ready') && rest.length === 0)
    return { to: 'health', check: name }
  if (first !== 'actions' && first !== 'channels') return undefined
  const decoded = rest.length === 0 && name !== undefined && name !== '' ? decode(name) : undefined
  if (decoded === undefined) return { to: 'unknown' }
  return { to: first === 'actions' ? 'action' : 'channel', name: decoded }
}

/** The methods of a route, for the header `Allow`. */
export function methodsOf({ to }: Route): readonly string[] {
  if (to === 'action') return ['GET', 'HEAD', 'POST']
  return to === 'channel' ? ['GET'] : ['GET', 'HEAD']
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
