// The paths of the gateway.

export type Route =
  | { readonly to: 'actions' }
  | { readonly to: 'action'; readonly name: string }
  | { readonly to: 'channel'; readonly name: string }
  | { readonly to: 'health'; readonly check: 'live' | 'ready' }
  | { readonly to: 'metrics' }
  /** Below our prefix, but not one of our paths. */
  | { readonly to: 'unknown' }

/** Undefined: not one of our paths. */
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

/** The methods of a route, as `Allow` lists them. */
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
