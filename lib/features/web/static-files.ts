// Serves the files of one directory. A file with its compressed form beside it (`app.js.br`, `app.js.gz`) is sent compressed
// to clients that accept it.
import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { invalidOption } from '../../core/base/options.ts'
import { storedCodings, wantedCodings } from './content-coding.ts'
import type { MountedGateway, WebVisit } from './gateway.ts'
import { resolveInside } from './safe-path.ts'
import { type CodedFile, defaultMaxStallMs, isReading, sendFile } from './send-file.ts'

/** How much older a compressed form may be, because copying a directory sets the times of files in any order. */
const copyingMs = 2_000

/** Serves the files of a directory. Throws ClientError (`INVALID_OPTION`) for anything else. */
export function staticFiles(root: string, maxStallMs = defaultMaxStallMs): MountedGateway {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalidOption('static', 'an existing directory', root)
  return {
    takes: (_url, method) => isReading(method),
    onRequest(visit, response) {
      if (!isReading(visit.request.method)) return false
      serveFrom(root, visit, response, maxStallMs).catch(() => response.destroy())
      return true
    },
    close: async () => undefined,
  }
}

async function serveFrom(
  root: string,
  { request }: WebVisit,
  response: ServerResponse,
  maxStallMs: number,
): Promise<void> {
  // The original path, because a trailing slash means a directory.
  const { pathname } = new URL(`http://isock${request.url}`)
  const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
  const file = await resolveInside(root, path).catch(() => undefined)
  if (file === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no such file\n')
    return
  }
  const forms = await codedForms(root, path, file).catch(() => [])
  const wanted = wantedCodings(request.headers['accept-encoding'])
  const coded = wanted.flatMap(({ coding }) => forms.find((form) => form.coding === coding) ?? [])[0]
  await sendFile(request, response, { file, coded, hasCodings: forms.length > 0 }, maxStallMs)
}

/** The compressed forms of a file, below the same root. A form older than the file is outdated. */
async function codedForms(root: string, path: string, file: string): Promise<readonly CodedFile[]> {
  const forms = await Promise.all(
    storedCodings.map(async ({ coding, suffix }) => ({ coding, file: await resolveInside(root, `${path}${suffix}`) })),
  )
  const there = forms.flatMap(({ coding, file }) => (file === undefined ? [] : { coding, file }))
  if (there.length === 0) return there
  const times = await Promise.all([file, ...there.map((form) => form.file)].map((each) => stat(each)))
  const madeMs = times[0]?.mtimeMs ?? 0
  return there.filter((_form, i) => (times[i + 1]?.mtimeMs ?? 0) >= madeMs - copyingMs)
}
