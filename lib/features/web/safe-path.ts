// Maps the path of a URL to a file below a root directory. No path from a client leads outside.
//
// Three checks in order: the names as text; the place with all links followed (realpath), which must be below the
// root's own; and the file, which must be an ordinary one.
import { lstat, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'

/** The largest name in bytes, as in common file systems. */
const maxNameBytes = 255
/** The only public name with a leading dot. */
const publicDotName = '.well-known'

/** Error codes that mean that there is no such file. Other failures, such as too many open files, are thrown. */
const notFoundCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'EINVAL'])

/** Where a file may be written: an existing directory, and the file's name in it. */
export interface Place {
  /** The absolute path, with links resolved. */
  readonly directory: string
  /** The absolute path. */
  readonly file: string
}

/**
 * The ordinary file at `urlPath` below `root`: absolute, with links followed. Undefined if there is none: names with a
 * leading dot, links that lead outside, directories and devices count as nothing.
 *
 * @param urlPath as in a URL: begins with '/', percent-encoded, without a query.
 * @example await resolveInside('/srv/pages', '/img/logo%20small.png') // '/srv/pages/img/logo small.png'
 */
export async function resolveInside(root: string, urlPath: string): Promise<string | undefined> {
  const names = namesOf(urlPath)
  if (names === undefined) return undefined
  return ifThere(async () => {
    const file = await lookUp(root, names)
    return file !== undefined && (await stat(file)).isFile() ? file : undefined
  })
}

/**
 * Where a file may be written for `urlPath` below `root`. Undefined if the directory is missing, the name is refused, or
 * something other than an ordinary file has it. A link of that name is followed, and must stay below the root.
 */
export async function placeInside(root: string, urlPath: string): Promise<Place | undefined> {
  const names = namesOf(urlPath)
  if (names === undefined) return undefined
  return ifThere(async () => {
    const directory = await lookUp(root, names.slice(0, -1))
    if (directory === undefined || !(await stat(directory)).isDirectory()) return undefined
    const file = join(directory, names.at(-1) as string)
    // lstat: a dangling link has the name too, and writing through it would lead outside.
    if ((await ifThere(() => lstat(file))) === undefined) return { directory, file }
    const taken = await lookUp(root, names)
    if (taken === undefined || !(await stat(taken)).isFile()) return undefined
    return { directory: dirname(taken), file: taken }
  })
}

/** The names of a path, decoded once; undefined if one of them is refused. */
function namesOf(urlPath: string): readonly string[] | undefined {
  if (!urlPath.startsWith('/')) return undefined
  let text: string
  try {
    text = decodeURIComponent(urlPath)
  } catch {
    return undefined
  }
  // After decoding, so that %2f and %5c separate names as well.
  const names = text.slice(1).split('/')
  return names.every(isName) ? names : undefined
}

/** Refuses '', '.', '..', hidden names, null and control characters, and characters with a meaning on Windows. */
function isName(name: string): boolean {
  if (name === '' || (name.startsWith('.') && name !== publicDotName)) return false
  if (Buffer.byteLength(name) > maxNameBytes) return false
  for (const character of name) if (character < ' ' || character === '\u007f' || character === '\\') return false
  return process.platform !== 'win32' || !/[:*?"<>|]|[. ]$/.test(name)
}

/** The place with all links followed, if it is below the root and nothing on the way is hidden. */
async function lookUp(root: string, names: readonly string[]): Promise<string | undefined> {
  const [base, found] = await Promise.all([realpath(root), realpath(join(root, ...names))])
  const way = relative(base, found)
  if (way === '') return found
  if (isAbsolute(way)) return undefined
  return way.split(sep).every(isName) ? found : undefined
}

async function ifThere<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (notFoundCodes.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
